"""Polling alone can start, follow and read a run."""

from support.agent_execution.run_tracking import ExpectedStatuses
from support.api import polling
from support.matchers.faultless import is_just
from support.run.sentences import then, when


@when("{customer:User} lists the runs of each status, one at a time")
def _(world, customer):
    world.keep(polling.RunsByStatus(polling.runs_by_status(world, customer)))


@then("each of {customer:Owner} runs is listed under its status alone")
def _(world, customer):
    expected = dict(world.kept(ExpectedStatuses).of)
    world.expect(world.kept(polling.RunsByStatus).found, is_just(expected, "each run under its status"))
