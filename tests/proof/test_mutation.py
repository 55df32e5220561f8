"""Mutants: how they are drawn, how a process takes one on, and what is recorded of what scenarios run through."""

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from support.proof import covering, drawing, mutated
from support.proof.drawing import Change, Mutant, draw
from support.proof.first_sight import Sighting
from support.proof.mutation import Outcome, Recording, closing, is_killed
from support.run.orders import LoadDefect, Play, Ready, RecordAs
from support.settings import CHECKOUT
from tests.proof.test_first_sight import PLANNED
from tests.proof.test_proving import drive, played

BEFORE = """
def plain(n): return n + 1

class Some:
    def method(self): return "a"

def outer(n):
    def inner(): return n * 2
    return inner

async def slow(): return [n for n in range(3)]

made = outer(5)
LATER = lambda n: n > 1
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that is loaded."""
    name = f"mutable_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(BEFORE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(name)
    del sys.modules[name]


@pytest.mark.parametrize(
    ("old", "new", "ask", "answer"),
    [
        ("n + 1", "n - 1", lambda it: it.plain(1), 0),
        ('"a"', '"b"', lambda it: it.Some().method(), "b"),
        ("n * 2", "n * 3", lambda it: (it.made(), it.outer(1)()), (15, 3)),
        ("range(3)", "range(2)", lambda it: asyncio.run(it.slow()), [0, 1]),
        ("n > 1", "n >= 1", lambda it: it.LATER(1), True),
    ],
    ids=["function", "method", "made before", "coroutine", "lambda"],
)
def test_a_process_takes_on_the_changed_function_wherever_it_is_held(module, tmp_path, old, new, ask, answer):
    file = tmp_path / "mutant.json"
    mutated.write(file, "backend", module.__name__, BEFORE.replace(old, new))
    mutant = mutated.catalogue()[str(file)]
    assert mutant.service == "backend"
    mutant.apply()
    assert ask(module) == answer


def test_a_mutant_that_changes_no_function_is_none(module, tmp_path):
    file = tmp_path / "mutant.json"
    mutated.write(file, "backend", module.__name__, BEFORE + "\nMORE = 1\n")
    with pytest.raises(mutated.Unchanged):
        mutated.Mutated(str(file)).apply()


def test_a_mutant_that_nobody_has_written_is_unknown(tmp_path):
    assert str(tmp_path / "none.json") not in mutated.catalogue()


SOME = "apex/http/buckets.py"
LINES = {number: frozenset({"features/a.feature: One"}) for number in range(1, 500)}
COVERED = {"backend": {SOME: LINES}}


def drawn(tmp_path: Path, seed: int = 1, count: int = 10, covered: covering.Covered = COVERED) -> list[Mutant]:
    return list(draw(covered, seed, count, tmp_path, None))


def test_mutants_are_changes_of_what_is_run_through_always_the_same_by_their_seed(tmp_path):
    first = drawn(tmp_path)
    assert len({str(mutant.change) for mutant in first}) > 5
    assert [mutant.change for mutant in drawn(tmp_path)] == [mutant.change for mutant in first]
    assert [mutant.change for mutant in drawn(tmp_path, seed=2)] != [mutant.change for mutant in first]
    before = (CHECKOUT / SOME).read_text()
    for mutant in first:
        assert mutant.service == "backend"
        assert Path(mutant.id).is_file()
        assert mutated.changed_codes(before, mutant.change.source, SOME)
        assert "log." not in mutant.change.before


def test_what_no_scenario_runs_through_is_not_changed(tmp_path):
    lines = dict(list(LINES.items())[140:160])
    assert {140 < mutant.change.line < 165 for mutant in drawn(tmp_path, covered={"auth": {SOME: lines}})} == {True}
    assert drawn(tmp_path, covered={"auth": {SOME: {}}}) == []
    assert list(draw(COVERED, 1, 5, tmp_path, {"apex/settings.py"})) == []


def test_what_runs_when_its_module_is_loaded_is_not_changed(tmp_path, monkeypatch):
    file = tmp_path / "apex" / "some.py"
    file.parent.mkdir()
    file.write_text("def some(n=1):\n    return (\n        n + 2\n    )\n\n\nMORE = some(3) + 4\n")
    monkeypatch.setattr(drawing, "CHECKOUT", tmp_path)

    def through(*lines: int) -> list[Mutant]:
        seen = {line: frozenset({"features/a.feature: One"}) for line in lines}
        return drawn(tmp_path, count=100, covered={"backend": {"apex/some.py": seen}})

    assert {mutant.change.line for mutant in through(1, 2, 7)} == {3}
    assert through(1, 7) == []


def test_what_was_judged_to_change_nothing_is_left_out(tmp_path, monkeypatch):
    change = drawn(tmp_path)[0].change
    table = tmp_path / "equivalent.toml"
    written = "\n".join(f"{key} = '''{getattr(change, key)}'''" for key in ("file", "before", "after"))
    table.write_text(f"[[mutant]]\n{written}\nreason = 'It is the same.'\n")
    monkeypatch.setattr(drawing, "EQUIVALENT", table)
    left = {(each.change.file, each.change.before, each.change.after) for each in drawn(tmp_path, count=1000)}
    assert left
    assert (change.file, change.before, change.after) not in left


RECORDED = """
import os, signal, sys
from pathlib import Path
from support.proof.covering import catalogue
folder = Path(sys.argv[1])
def named(name):
    (folder / "scenario").write_text(name)
named("-")
catalogue()[f"backend:{folder}"].apply()
from apex.tools.sanitising import masked
for name in ("one", "two", "-"):
    named(name)
    os.kill(os.getpid(), signal.SIGUSR1)
    if name == "one":
        masked("a")
"""


def test_lines_are_recorded_under_the_scenario_that_ran_through_them(tmp_path):
    subprocess.run([sys.executable, "-c", RECORDED, str(tmp_path)], cwd=CHECKOUT, check=True, timeout=60)
    covered = covering.read([tmp_path])
    lines = covered["backend"]["apex/tools/sanitising.py"]
    assert set(lines.values()) == {frozenset({"one"})}
    [said] = tmp_path.glob("seen.*")
    assert said.read_text() == covering.NOBODY
    file = tmp_path / "covered.json"
    covering.keep(file, "these", covered)
    assert covering.kept(file, "these") == covered
    assert covering.kept(file, "others") is None
    assert covering.kept(tmp_path / "none.json", "these") is None


def test_each_lane_records_every_scenario_that_it_plays(tmp_path):
    said: list[str] = []
    recording = Recording(PLANNED[:2], tmp_path, said.append)
    orders = []
    while (task := recording.take(1, alone=False)) is not None:
        orders += drive(task, lambda order: played("Any") if isinstance(order, Play) else Ready())
    folder = tmp_path / "lane-1"
    services = [order.service for order in orders if isinstance(order, LoadDefect)]
    assert services == ["auth", "backend", "worker", "tools", "analytics"]
    assert [order for order in orders if not isinstance(order, LoadDefect)] == [
        RecordAs(folder, PLANNED[0].name),
        Play(0, folder / "played"),
        RecordAs(folder, covering.NOBODY),
        RecordAs(folder, PLANNED[1].name),
        Play(1, folder / "played"),
        RecordAs(folder, covering.NOBODY),
    ]
    assert recording.folders == [folder]


def test_a_survivor_is_shown_and_counted():
    change = Change("apex/a.py", 3, "a + 1", "a - 1", "")
    mutant = Mutant("1.json", "backend", change, frozenset())
    killed, refused, survived = (
        Sighting("1.json", "", "One", "it holds"),
        Sighting("1.json", "", note="backend does not start: it ended"),
        Sighting("1.json", "", note="inconclusive: One: it holds"),
    )
    assert [is_killed(each) for each in (killed, refused, survived)] == [True, True, False]
    lines = closing(Outcome([(mutant, killed), (mutant, refused)], [(mutant, survived)], True))
    assert lines[0] == "survived: apex/a.py:3: a + 1  ->  a - 1"
    assert lines[-1] == "killed: 2 of 3 (67%); the goal is 95%"
