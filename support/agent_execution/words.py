"""The words of agent execution in sentences; see support/scenario/words.py."""

from collections.abc import Callable

from support.agent_execution import (
    complete_stories,
    computed_answers,
    finished_runs,
    lost_workers,
    run_tracking,
    tracing,
    unknown_agents,
    usage_metering,
)
from support.scenario import agents, held_runs, work
from support.scenario.assets import Asset, idle_servers
from support.scenario.users import User
from support.scenario.words import entry
from support.scenario.work import Work
from support.scenario.world import RunHandle, World


def _beyond(start: Callable[[World, User], RunHandle]) -> Work:
    return lambda world, user: held_runs.beyond_capacity(world, user, start)[-1]


ASSETS: dict[str, Asset] = {
    "one more idle server in the cloud": finished_runs.one_more_idle_server,
    "two hundred servers in the cloud": idle_servers(200),
    "four hundred servers in the cloud": idle_servers(400),
}
WORK: dict[str, Work] = {
    "every agent": computed_answers.every_agent,
    "a cost analysis that waits for the partner's price list": computed_answers.waiting_for_prices,
    "another cost analysis in the same conversation": finished_runs.follow_up,
    "a cost analysis with the caller's trace ID": tracing.with_callers_trace,
    "two cost analyses": usage_metering.two_analyses,
    "a usage report that waits for worker capacity": run_tracking.queued_report,
    "an agent that does not exist": unknown_agents.unknown_agent,
    "an agent by half its name": unknown_agents.half_named_agent,
    "an agent that terminates its process": work.probe(agents.exiting()),
    "an agent that calls three tools in parallel": complete_stories.parallel_run,
    "an agent that computes until it is stopped": usage_metering.computing_run,
    "agents that take all worker capacity": run_tracking.taking_all_capacity,
    "more agents that hang past their time limit than the workers can run": _beyond(held_runs.hanging_run),
    "more agents that block a worker past their time limit than the workers can run": _beyond(held_runs.blocking_run),
}
TYPES = {
    "EventPattern": entry(complete_stories.PATTERNS),
    "WorkerStop": entry(lost_workers.WORKER_STOPS),
    "Durations": entry(run_tracking.DURATIONS),
}
