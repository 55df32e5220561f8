"""What the result of a proof depends on."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from support.proof.catalogue import Defect
from support.proof.sources import Sources

FILES = {
    "apex/storage/stream.py": "",
    "apex/backend/runs.py": "",
    "apex/worker/slot.py": "",
    "apex/environments/test.toml": "",
    "defects/_patching.py": "",
    "defects/agent_execution/runs.py": '@defect("AEC-01a")',
    "defects/agent_execution/others.py": '@defect("AEC-02a")',
    "features/agent_execution/runs.feature": "Feature: x",
    "features/agent_execution/others.feature": "Feature: y",
    "steps/_vocabulary.py": "from support.words import WORDS",
    "steps/runs.py": "from support.scenario import world\nfrom support.runs import start",
    "steps/others.py": "import support.others",
    "support/words.py": "",
    "support/scenario/world.py": "from support.deep import x",
    "support/deep.py": "",
    "support/runs.py": "",
    "support/others.py": "",
    "support/run/runner.py": "",
    "support/stack/client.py": "",
    "targets/apex/plugin/probe.py": "",
    "support/load/crowd.py": "",
    "support/proof/run.py": "",
    "support/cli/prove.py": "",
    "support/scenario/budgets.toml": "",
    "environment.py": "",
    "behave.ini": "",
    "requirements.txt": "",
    "README.md": "",
}
DEFECT = Defect("AEC-01a", "AEC-01", "worker", "summary", "A run", "it holds")
SCENARIO = SimpleNamespace(filename="features/agent_execution/runs.feature")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def digests(checkout: Path) -> tuple[str, str]:
    sources = Sources(checkout)
    return sources.of_defect(DEFECT, [SCENARIO], ["steps/runs.py"]), sources.of_control(SCENARIO, ["steps/runs.py"])


BOTH = {
    "apex/storage/stream.py",
    "apex/worker/slot.py",
    "apex/environments/test.toml",
    "features/agent_execution/runs.feature",
    "steps/_vocabulary.py",
    "steps/runs.py",
    "support/words.py",
    "support/scenario/world.py",
    "support/deep.py",
    "support/runs.py",
    "support/run/runner.py",
    "support/stack/client.py",
    "targets/apex/plugin/probe.py",
    "support/load/crowd.py",
    "support/scenario/budgets.toml",
    "environment.py",
    "behave.ini",
    "requirements.txt",
}
DEFECT_ALONE = {"defects/_patching.py", "defects/agent_execution/runs.py"}
CONTROL_ALONE = {"apex/backend/runs.py"}


@pytest.mark.parametrize("changed", FILES)
def test_a_change_counts_where_something_depends_on_it(checkout, changed):
    of_defect, of_control = digests(checkout)
    with (checkout / changed).open("a") as file:
        file.write("\n# changed\n")
    assert (digests(checkout)[0] != of_defect) == (changed in BOTH | DEFECT_ALONE)
    assert (digests(checkout)[1] != of_control) == (changed in BOTH | CONTROL_ALONE)


def test_the_step_that_must_notice_is_part_of_a_defect(checkout):
    moved = Defect(DEFECT.id, DEFECT.promise, DEFECT.service, DEFECT.summary, DEFECT.scenario, "another step")
    assert Sources(checkout).of_defect(moved, [SCENARIO], []) != Sources(checkout).of_defect(DEFECT, [SCENARIO], [])
