"""How well two tools of a second each work side by side, beside two bare requests that do."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.playing import world_on
from support.bench.workbench import Workbench
from support.scenario import agents
from support.scenario.partner import own_path

_SECONDS = 1.0
_CALLS = 2
# One after the other would be twice the reference.
_AIM = Aim(Judged.RATIO, 1.25)


def measure(bench: Workbench) -> list[Measurement]:
    """The partner takes its second to answer; what is measured lasts from the first question to the last answer."""
    with world_on(bench.stack, bench.folder / "together") as world, ThreadPoolExecutor(_CALLS) as threads:
        owner = world.users.settle(world.users["Acme"])
        paths = [f"{own_path(owner)}-{number}" for number in range(_CALLS)]
        for path in paths:
            world.partner.delay(path, _SECONDS)
        events = world.watch(owner)

        def tools() -> float:
            run = world.running(owner, agents.PROBE, input=agents.side_by_side(*paths))
            world.ended(run)
            events.wait_for_end(run, within=world.budgets.limit("story complete"))
            moments = [event.happened_at.timestamp() for event in events.of(run) if event.call_id and event.happened_at]
            if len(moments) != 2 * _CALLS:
                raise BenchmarkFailed(f"of {_CALLS} calls {len(moments)} beginnings and ends were told")
            return max(moments) - min(moments)

        def bare() -> float:
            began = time.monotonic()
            for answer in threads.map(lambda path: requests.get(world.addresses.partner_url + path, timeout=10), paths):
                answer.raise_for_status()
            return time.monotonic() - began

        tools()
        suite, reference = bench.in_turn(bench.size.together_rounds, tools, bare, "together")
    return [
        Measurement(
            "together",
            "parallel efficiency: two tools of 1 s",
            "s",
            Side("two tools of a run, side by side: first begun to last ended", suite),
            Side("the same two questions by bare requests in two threads", reference),
            _AIM,
        )
    ]
