"""The same features in one lane and in several, and what more lanes would take, by the durations of the single one."""

import sys
from collections.abc import Mapping

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.project import run_to_end
from support.bench.series import Series
from support.bench.workbench import Workbench
from support.run import capacity
from support.run.plan import makespan
from support.run.results import Results, read_results
from support.settings import CHECKOUT

_AIM = Aim(Judged.RATIO, 1 / 1.6)
_MORE_LANES = (4, 8, 16)
_PROMISES_IN_ALL = 118


def measure(bench: Workbench) -> list[Measurement]:
    """One call of bin/acceptance each; whoever comes second finds the files in memory, as the first does."""
    several = capacity.most_lanes()
    if several == 1:
        raise BenchmarkFailed("this machine carries one lane")
    seconds: dict[int, float] = {}
    results: dict[int, Results] = {}
    for lanes in (1, several):
        bench.progress(f"lanes: {bench.size.stage} in {lanes}")
        reports = bench.folder / f"lanes-{lanes}"
        command = [sys.executable, "-m", "support.cli.acceptance", "--stage", bench.size.stage, "--jobs", str(lanes)]
        seconds[lanes] = run_to_end([*command, f"-Dreports={reports}"], CHECKOUT, bench.folder / f"lanes-{lanes}.txt")
        results[lanes] = read_results(reports / "results.json")
    count = len(results[1].scenarios)
    return [
        Measurement(
            "lanes",
            f"{count} scenarios, stacks started and ended",
            "s",
            Side(f"in {several} lanes", Series((seconds[several],))),
            Side("in one lane", Series((seconds[1],))),
            _AIM,
            tuple(_on_paper(results[1], seconds[1])),
        )
    ]


def _on_paper(single: Results, whole_run: float) -> list[str]:
    """What more lanes on as many cores would take, of the present scenarios and of as many for each promise of all."""
    played = {one.name: one.seconds for one in single.scenarios if "timing" not in one.tags}
    alone = sum(one.seconds for one in single.scenarios if "timing" in one.tags)
    start = max(0.0, whole_run - alone - sum(played.values()))
    promises = len({tag for one in single.scenarios for tag in one.tags if tag[3:4] == "-" and tag[:3].isupper()})
    growth = _PROMISES_IN_ALL / max(1, promises)
    lines = []
    for lanes in _MORE_LANES:
        present = start + makespan(played.values(), lanes) + alone
        full = start + max(sum(played.values()) * growth / lanes, max(played.values())) + alone * growth
        lines.append(
            f"on paper, {lanes} lanes on as many cores: {present:.0f} s, of {_PROMISES_IN_ALL} promises {full:.0f} s; "
            f"bound by {_bound(played, lanes, start, alone)}"
        )
    return lines


def _bound(played: Mapping[str, float], lanes: int, start: float, alone: float) -> str:
    longest = max(played, key=lambda name: played[name])
    share = sum(played.values()) / lanes
    parts = {
        f"the longest scenario ({longest}, {played[longest]:.1f} s)": played[longest],
        f"the work of each lane ({share:.0f} s)": share,
        f"the start and end of the stacks ({start:.0f} s)": start,
        f"what is played alone ({alone:.0f} s)": alone,
    }
    return max(parts, key=lambda part: parts[part])
