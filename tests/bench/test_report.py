"""What bin/bench writes, and what it refuses."""

import json
from datetime import UTC, datetime

import pytest

from support.bench.catalogue import BENCHMARKS
from support.bench.machine import Machine
from support.bench.measurement import Aim, Judged, Measurement, Side
from support.bench.report import Report
from support.bench.series import Series
from support.cli import bench


def measured(bound):
    sides = (Side("suite", Series((2.0,))), Side("bare", Series((1.0,))))
    return Measurement("start", "start", "s", *sides, aim=None if bound is None else Aim(Judged.SUITE, bound))


def report():
    return Report(datetime(2026, 11, 20, tzinfo=UTC), Machine.present(), is_quick=True)


def test_machine_is_described():
    machine = Machine.present()
    assert machine.cores > 0
    assert machine.memory_gib > 0
    assert all((machine.kernel, machine.python, machine.processor))
    assert f"{machine.cores} cores" in str(machine)


def test_report_can_be_read_again(tmp_path):
    made = report()
    made.measurements.append(measured(1.0))
    made.failures["run"] = "the platform died"
    made.write(tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["measurements"][0]["suite"]["values"] == [2.0]
    assert written["measurements"][0]["aim"] == {"figure": "suite", "at_most": 1.0, "is": 2.0, "met": False}
    assert written["failures"] == {"run": "the platform died"}
    assert written["machine"]["cores"] == made.machine.cores
    assert (written["quick"], written["budgets"]) == (True, None)


def test_closing_line_counts_aims_and_names_what_failed():
    made = report()
    made.measurements += [measured(3.0), measured(1.0), measured(None)]
    assert made.closing() == "3 measured, 1 of 2 aims met"
    made.failures["run"] = "the platform died"
    assert made.closing() == "3 measured, 1 of 2 aims met, not measured: run"


def test_help_names_every_benchmark():
    told = bench.parser().format_help()
    assert all(f"  {benchmark.name} " in told for benchmark in BENCHMARKS)


def test_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        bench.main(["--only", "starr"])
    assert "starr" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("definition", "named"),
    [("stack=keep", "stack"), ("reports=", "reports="), ("reports=/proc/nowhere", "/proc/nowhere")],
)
def test_bad_setting_is_refused_in_one_line(capsys, definition, named):
    assert bench.main(["-D", definition]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert named in said.err
    assert said.out == ""
