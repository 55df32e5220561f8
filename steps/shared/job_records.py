"""Sentences of several features: job records."""

from support.matchers.job_records import are_one_job_each
from support.run.sentences import then
from support.service_coordination import research
from support.service_coordination.research_matchers import are_each_served_once
from support.stores import job_records


@then("every service has the job on record once, and all records agree")
@then("every service has each job on record once, and all records agree")
def _(world):
    runs = world.runs
    world.expect(job_records.of_runs(world, runs), are_one_job_each(at_least=len(runs)))


@then("each job was given what it had asked for, and the partner has answered each question once")
def _(world):
    served = research.served(world)
    world.expect(served, are_each_served_once(at_least=len(world.runs)))
