"""The words of live events in sentences; see support/scenario/words.py."""

from support.platform.dialect import Closing
from support.scenario import agents, work
from support.scenario.agents import Agent
from support.scenario.words import entry, kind
from support.websocket_events import connections, dropped_connections, event_isolation, notices
from support.websocket_events.error_events import Failure, Retry
from support.websocket_events.event_identity import research, some_runs

WORK = {
    "a cost analysis in each of two conversations, one after the other": some_runs(
        Agent.COST_ANALYSIS.wire, at_once=False
    ),
    # Two workers cannot share three runs without one of them having two.
    "three cost analyses in one conversation, one after the other": some_runs(
        Agent.COST_ANALYSIS.wire, at_once=False, threads=1, runs=3
    ),
    "research in each of two conversations, both in parallel": some_runs(
        agents.PROBE, at_once=True, input_for=research
    ),
    "a savings review in each of two conversations, both in parallel": some_runs(Agent.REVIEW.wire, at_once=True),
    "an agent that thinks twice and then computes for a while": work.probe(agents.blocking(2.0)),
    "an analysis of thousands of steps": connections.many_steps,
    "an analysis too large for a connection's buffers": connections.LARGE_ANALYSIS,
}
ASSETS = {
    **{network.value: dropped_connections.slow_down(network) for network in dropped_connections.SlowNetwork},
    "a stalled connection": connections.stall,
    "a connection that catches up slowly": connections.catch_up_slowly,
    "a second open tab": lambda world, user: world.watch(user),
    "a second open tab that was notified of too many missed events": dropped_connections.second_tab_begun_anew,
    "two open tabs": event_isolation.open_two_tabs,
    "a connection from another device": event_isolation.add_device,
    "a token that expires soon": event_isolation.use_short_token,
}
GROUPS = {
    "ten customers with servers in the cloud and two open tabs each": event_isolation.ten_with_two_tabs,
    "an owner and a member in each segment": notices.two_of_each_segment,
    "a hundred and twenty customers": lambda world: world.users.crowd(120),
}
TYPES = {
    "Closing": kind(Closing),
    "Connections": entry({"connection is": 1, "two tabs are": 2, "three connections are": 3}),
    "EventClient": kind(event_isolation.EventClient),
    "Failure": kind(Failure),
    "Loss": kind(dropped_connections.Loss),
    "Missed": entry(dropped_connections.MISSED),
    "Retry": kind(Retry),
    "SlowNetwork": kind(dropped_connections.SlowNetwork),
}
