"""The words of agent execution in sentences; see support/scenario/words.py."""

from collections.abc import Callable

from support.agent_execution import (
    cancellation,
    complete_stories,
    computed_answers,
    finished_runs,
    lost_workers,
    run_isolation,
    run_tracking,
    tracing,
    unknown_agents,
    usage_metering,
)
from support.cloud.savings import busy
from support.scenario import agents, held_runs, planting, work
from support.scenario.assets import Asset, idle_servers
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.words import entry
from support.scenario.work import Work
from support.scenario.world import RunHandle, World


def crashing_everywhere(world: World, user: User) -> RunHandle:
    """As many agents as the platform carries out at once, all of which crash."""
    count = world.target.limits["runs_at_once"]
    runs = [world.running(user, agents.PROBE, input=agents.crashing()) for _ in range(count)]
    for run in runs:
        world.ended(run)
    return runs[-1]


def crashing_beside_a_call(world: World, user: User) -> RunHandle:
    """An agent that crashes while a question of its own is open, which has reached the partner by then."""
    path = own_path(user)
    world.partner.hold(path)
    crash = [*({"fetch": PRICES} for _ in range(3)), {"raise": agents.INTERNALS}]
    return world.running(user, agents.PROBE, input=agents.beside([{"fetch": path}], crash))


def _beyond(start: Callable[[World, User], RunHandle]) -> Work:
    return lambda world, user: held_runs.beyond_capacity(world, user, start)[-1]


ASSETS: dict[str, Asset] = {
    "sixty more messages in the conversation": finished_runs.sixty_more_messages,
    "one more idle server in the cloud": finished_runs.one_more_idle_server,
    "well-used servers in the cloud": lambda world, user: planting.own_cloud(world, user.tenant, [busy(2)]),
    "two hundred servers in the cloud": idle_servers(200),
    "three hundred servers in the cloud": idle_servers(300),
    "four hundred servers in the cloud": idle_servers(400),
    "six hundred servers in the cloud": idle_servers(600),
}
WORK: dict[str, Work] = {
    "every agent": computed_answers.every_agent,
    "a cost analysis that waits for the partner's price list": computed_answers.waiting_for_prices,
    "another cost analysis in the same conversation": finished_runs.follow_up,
    "a cost analysis with the caller's trace ID": tracing.with_callers_trace,
    "two cost analyses": usage_metering.two_analyses,
    "a usage report that waits for worker capacity": run_tracking.queued_report,
    "a usage report with a time limit that waits for worker capacity": run_tracking.limited_report,
    "an agent that does not exist": unknown_agents.unknown_agent,
    "an agent by half its name": unknown_agents.half_named_agent,
    "an agent that does not exist, six times": unknown_agents.unknown_agent_again_and_again,
    "an agent whose tool reads a large document and then fails": usage_metering.reading_before_failing,
    "an agent whose state grows and shrinks": usage_metering.GROWING_AND_SHRINKING,
    "an agent whose tool fails for a reason of its own": run_isolation.failing_for_an_own_reason,
    "a usage report on every worker in the same conversation": finished_runs.reports_in_same_conversation,
    "an agent that calls a tool on every worker in the same conversation": finished_runs.questions_in_same_conversation,
    "an agent that crashes while a request to the partner is open": crashing_beside_a_call,
    "an agent that crashes over a missing file": work.probe(agents.crashing("FileNotFoundError")),
    "agents that crash on every worker": crashing_everywhere,
    "two agents in one conversation that wait for the partner": cancellation.two_in_one_conversation,
    "an agent of an unknown version": unknown_agents.unknown_version,
    "an agent that thinks five times": work.probe(agents.talkative(5)),
    "an agent that answers when it is cancelled": cancellation.answering_run,
    "an agent that terminates its process": work.probe(agents.exiting()),
    "an agent that continues with the first of two answers": complete_stories.first_of_two,
    "an agent that calls three tools in parallel": complete_stories.parallel_run,
    "an agent that computes until it is stopped": usage_metering.computing_run,
    "agents that take all other worker capacity": run_tracking.taking_other_capacity,
    "agents that take all worker capacity": run_tracking.taking_all_capacity,
    "more agents that hang past their time limit than the workers can run": _beyond(held_runs.hanging_run),
    "more agents that block a worker past their time limit than the workers can run": _beyond(held_runs.blocking_run),
}
TYPES = {
    "EventPattern": entry(complete_stories.PATTERNS),
    "WorkerStop": entry(lost_workers.WORKER_STOPS),
    "Durations": entry(run_tracking.DURATIONS),
    "PageSize": entry({"one": 1, "two": 2}),
}
