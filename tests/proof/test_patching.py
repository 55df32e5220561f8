"""What a defect replaces, and who goes on with what was there."""

import subprocess
import sys
from types import ModuleType

from defects._patching import left, replace
from support.settings import CHECKOUT


def greet():
    return "hello"


def test_who_has_imported_it_by_name_is_told(monkeypatch):
    home, other, unrelated = ModuleType("sample.home"), ModuleType("sample.other"), ModuleType("samples")
    for module, name in ((home, "greet"), (other, "welcome"), (unrelated, "greet")):
        setattr(module, name, greet)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    assert left("sample") == []
    replace(home, "greet", lambda: "good bye")
    assert left("sample") == ["sample.other.welcome"]
    replace(other, "welcome", vars(home)["greet"])
    assert left("sample") == []


def checked(*ids):
    command = [sys.executable, "-m", "defects", "--check", *ids]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)


def test_defect_is_checked_against_the_whole_platform():
    done = checked("AEC-03a", "API-06a")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "AEC-03a  no module goes on with what it replaces"
    assert second.startswith("API-06a  what it replaces is still at apex.backend.")


def test_unknown_defect_is_refused():
    done = checked("AEC-99z")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("there is no defect AEC-99z; --list shows them all")
