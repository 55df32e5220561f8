"""Fifty people with ten requests of different kinds each, beside as many bare round trips to the same server."""

from support.api import concurrent_requests
from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.playing import world_on
from support.bench.workbench import Workbench
from support.load import populations
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.matchers.timing import percentile
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import Plan, User
from support.scenario.world import World

_PEOPLE = 50
_AIM = Aim(Judged.SUITE, 1_000.0)


def measure(bench: Workbench) -> list[Measurement]:
    """The time that 95 in 100 answers of a round do not exceed."""
    with world_on(bench.stack, bench.folder / "mixture") as world:
        populations.organisations(world, _PEOPLE, 1, Plan.ENTERPRISE)
        concurrent_requests.begin_conversations(world)
        suite, bare = bench.in_turn(
            bench.size.mixture_rounds, lambda: _mixture(world), lambda: _round_trips(world), "mixture"
        )
    return [
        Measurement(
            "mixture",
            "50 people x 10 requests, p95 of a round",
            "ms",
            Side("requests of ten kinds, each an answer of the platform", suite),
            Side("as many bare round trips to the same server", bare),
            _AIM,
        )
    ]


def _mixture(world: World) -> float:
    return _p95([call.answer for call in concurrent_requests.call_side_by_side(world)])


def _round_trips(world: World) -> float:
    plans = {
        user.alias: [CrowdRequest(user, _look_in, pause=expected.request.pause) for expected in plan]
        for user, plan in concurrent_requests.plans(world).items()
    }
    return _p95([answer for _, answer in HttpCrowd(world, plans).answers()])


def _look_in(platform: HttpDriver, user: User) -> Outcome:
    return platform.is_alive(user)


def _p95(answers: list[Outcome]) -> float:
    """In milliseconds; BenchmarkFailed when something was not granted."""
    if refused := [answer for answer in answers if not answer.done]:
        raise BenchmarkFailed(f"{len(refused)} of {len(answers)} requests came to nothing: {refused[0]}")
    return percentile([answer.seconds for answer in answers], 0.95) * 1000
