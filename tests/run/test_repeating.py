"""What a scenario's evidence says of how to repeat it."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.refusal import Refusal
from support.run.repeating import Repeat
from support.settings import Settings

FILE = "features/agent_execution/cancellation.feature"
GOOD: dict[str, Any] = {
    "file": FILE,
    "scenario": "It is cancelled (twice) -- @1.1 ",
    "promise": "AEC-11",
    "settings": Settings(target="aegra", profile="small").repeated(),
}


def written(tmp_path: Path, evidence: object) -> Path:
    file = tmp_path / "evidence.json"
    file.write_text(evidence if isinstance(evidence, str) else json.dumps(evidence), encoding="utf-8")
    return file


def test_the_scenario_alone_is_played_as_it_was(tmp_path):
    repeat = Repeat.of(written(tmp_path, GOOD))
    assert Settings.from_userdata(dict(each.split("=") for each in repeat.defined([]))) == Settings(
        target="aegra", profile="small"
    )
    tags, name, feature = repeat.selected
    assert (tags, name) == ("--tags=@AEC-11", r"--name=^It\ is\ cancelled\ \(twice\)\ \-\-\ @1\.1\ $")
    assert feature.endswith(f"/{FILE}")


def test_what_is_given_holds_instead(tmp_path):
    defined = Repeat.of(written(tmp_path, GOOD)).defined(["target=apex"])
    assert dict(each.split("=") for each in defined)["target"] == "apex"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "is no evidence of a scenario"),
        ({"scenarios": []}, r"is no evidence of a scenario \(KeyError: 'file'\)"),
        (GOOD | {"scenario": 3}, "is no evidence of a scenario"),
        (GOOD | {"settings": 3}, "is no evidence of a scenario"),
        (GOOD | {"settings": {"mood": "good"}}, "is of another version of the suite: there is no setting mood"),
        (GOOD | {"file": "features/gone.feature"}, "is about features/gone.feature, which this checkout does not have"),
    ],
)
def test_what_is_no_evidence_is_refused_in_one_line(tmp_path, evidence, said):
    with pytest.raises(Refusal, match=said) as refused:
        Repeat.of(written(tmp_path, evidence))
    assert "\n" not in str(refused.value)
    assert str(tmp_path / "evidence.json") in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refusal, match="cannot be read: No such file"):
        Repeat.of(tmp_path / "gone.json")


def test_a_secret_that_the_evidence_hides_must_be_given(tmp_path):
    repeat = Repeat.of(written(tmp_path, GOOD | {"settings": {"target": "[secret]"}}))
    with pytest.raises(Refusal, match="give it with -D target="):
        repeat.defined([])
    assert repeat.defined(["target=apex"])[-1] == "target=apex"
