"""`bin/bench`: what the suite itself costs, each figure beside a bare reference."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from support.bench.budgets import read_budgets
from support.bench.catalogue import BENCHMARKS, Benchmark
from support.bench.machine import Machine
from support.bench.measurement import BenchmarkFailed
from support.bench.report import Report
from support.bench.table import table
from support.bench.workbench import QUICK, Size, Workbench
from support.refusal import Refusal
from support.run.results import ResultsMissing
from support.settings import reports_of

DESCRIPTION = """\
Measures what the suite itself costs. Suite and bare reference take turns on the same machine in the same call; of
each the median, the lowest and the highest figure are shown, and how they compare round by round. At the end the
budgets are listed of which the last run of bin/acceptance used less than 5 % in every scenario.
"""

EXAMPLES = """\
examples:
  bin/bench                                 everything, about five minutes
  bin/bench --quick                         fewer rounds, about two minutes, for a first look
  bin/bench start restart                   some of it

A machine with other work to do gives figures of that work: look at the load that the first line tells, and at
lowest and highest. Written to the reports: bench.json with all figures and the machine, bench/ with the logs.
exit code: 0 all was measured, also where an aim is missed; 1 something could not be measured; 2 refused
"""


def parser() -> argparse.ArgumentParser:
    """All options."""
    names = "\n".join(f"  {benchmark.name:<10} {benchmark.summary}" for benchmark in BENCHMARKS)
    made = argparse.ArgumentParser(
        prog="bin/bench",
        description=DESCRIPTION,
        epilog=f"benchmarks:\n{names}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = [benchmark.name for benchmark in BENCHMARKS]
    made.add_argument("names", nargs="*", metavar="NAME", help="a benchmark to take; all without one")
    made.add_argument(
        "--only", action="append", default=[], choices=known, metavar="NAME", help="the same, once for each benchmark"
    )
    made.add_argument("--quick", action="store_true", help="fewer rounds of less each")
    made.add_argument("-D", "--define", action="append", default=[], metavar="reports=DIR", help="where to write")
    return made


def main(arguments: Sequence[str]) -> int:
    """Measure; gives the exit code."""
    made = parser()
    own = made.parse_args(arguments)
    names = {*own.names, *own.only} or {benchmark.name for benchmark in BENCHMARKS}
    if unknown := sorted(names - {benchmark.name for benchmark in BENCHMARKS}):
        made.error(f"there is no benchmark {', '.join(unknown)}; see bin/bench --help")
    chosen = [benchmark for benchmark in BENCHMARKS if benchmark.name in names]
    try:
        reports = reports_of(own.define)
        return _bench(chosen, reports, QUICK if own.quick else Size())
    except Refusal as refusal:
        print(f"bin/bench: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _progress("")
        print("bin/bench: interrupted", file=sys.stderr)
        return 130


def _bench(chosen: Sequence[Benchmark], reports: Path, size: Size) -> int:
    report = Report(datetime.now(UTC), Machine.present(), is_quick=size == QUICK)
    print(f"on {report.machine}", flush=True)
    with Workbench(reports / "bench", size, _progress) as bench:
        for benchmark in chosen:
            try:
                report.measurements += benchmark.measure(bench)
            except BenchmarkFailed as failed:
                report.failures[benchmark.name] = str(failed)
        _progress("stopping")
    _progress("")
    print(f"\n{table(report.measurements)}\n")
    for name, reason in report.failures.items():
        print(f"bin/bench: {name} could not be measured: {reason}", file=sys.stderr)
    _look_at_budgets(report, reports / "results.json")
    report.write(reports / "bench.json")
    print(f"{report.closing()}; all figures: {reports / 'bench.json'}")
    return int(bool(report.failures))


def _look_at_budgets(report: Report, results: Path) -> None:
    try:
        report.budgets = read_budgets(results)
    except ResultsMissing as missing:
        print(f"bin/bench: {missing}", file=sys.stderr)
        report.failures["budgets"] = str(missing)
        return
    print(*(report.budgets.lines() if report.budgets else ["budgets: no run of bin/acceptance to look at"]), sep="\n")


def _progress(text: str) -> None:
    """Replace the line that says what is going on, on a terminal; nothing elsewhere. An empty text clears it."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{text[:width]}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
