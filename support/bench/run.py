"""What the platform takes for a run that computes next to nothing, beside a bare round trip to the same server."""

import time

import requests

from support.bench.measurement import BenchmarkFailed, Measurement, Side
from support.bench.playing import world_on
from support.bench.workbench import Workbench
from support.scenario import planting


def measure(bench: Workbench) -> list[Measurement]:
    """Usage reports of one customer, one after another: from the request to the receipt of their end."""
    with world_on(bench.stack, bench.folder / "run") as world, requests.Session() as http:
        owner = world.users.settle(world.users["Acme"])
        planting.usage(world, owner.tenant)
        events = world.watch(owner)
        longest = world.budgets.limit("run ends")

        def usage_report() -> float:
            run = world.running(owner, "usage_report")
            end = events.wait_for_end(run, within=longest)
            if end.type != "agent_completed" or end.received_at is None:
                raise BenchmarkFailed(f"a usage report ended with {end}")
            return (end.received_at - run.asked_at) * 1000

        def round_trip() -> float:
            began = time.monotonic()
            http.get(f"{world.addresses.backend_url}/health/live").raise_for_status()
            return (time.monotonic() - began) * 1000

        usage_report()
        round_trip()
        suite, bare = bench.in_turn(bench.size.runs, usage_report, round_trip, "run")
    return [
        Measurement(
            "run",
            "a run without cloud",
            "ms",
            Side("usage report: from the request to its end received", suite),
            Side("a bare round trip to the same server", bare),
        )
    ]
