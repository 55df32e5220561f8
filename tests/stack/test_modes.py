"""Modes of a target: what they change, and which there are."""

from typing import Any

import pytest

from support.refusal import Refusal
from support.settings import Settings
from support.stack.modes import in_mode

SLOW = {"value": 1, "reason": "slow"}
TARGET: dict[str, Any] = {
    "driver": "some:Driver",
    "capabilities": ["resume", "tools"],
    "settings": {"SPEED": {"value": 9, "reason": "fast"}, "SIZE": {"value": 2, "reason": "small"}},
    "limits": {"runs_at_once": 30},
    "modes": {
        "slow": {"settings": {"SPEED": SLOW}, "limits": {"run_seconds": 2}, "capabilities": ["time_limits"]},
        "plain": {"without": ["resume"]},
        "wrong": {"setting": {}},
    },
}


def test_a_target_is_in_no_mode_unless_told() -> None:
    assert in_mode(TARGET, "") is TARGET


def test_a_mode_replaces_and_adds() -> None:
    slow = in_mode(TARGET, "slow")
    assert slow["settings"] == {"SPEED": SLOW, "SIZE": TARGET["settings"]["SIZE"]}
    assert slow["limits"] == {"runs_at_once": 30, "run_seconds": 2}
    assert slow["capabilities"] == ["resume", "tools", "time_limits"]
    assert slow["driver"] == TARGET["driver"]


def test_a_mode_may_lack_what_the_platform_has() -> None:
    assert in_mode(TARGET, "plain")["capabilities"] == ["tools"]


@pytest.mark.parametrize(
    ("target", "mode", "fault"),
    [
        (TARGET, "fast", "there is no mode 'fast'; use one of: plain, slow, wrong"),
        ({}, "fast", "there is no mode 'fast'; this target has none"),
        (TARGET, "wrong", "modes.wrong: setting is unknown; there are capabilities, limits, settings, without"),
    ],
)
def test_what_is_wrong_with_a_mode_is_said_in_one_line(target: dict[str, Any], mode: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        in_mode(target, mode)


def test_a_run_is_refused_in_an_unknown_mode() -> None:
    with pytest.raises(Refusal, match=r"bad value in -D mode=broker: .*: there is no mode 'broker'; use one of"):
        Settings.from_userdata({"target": "aegra", "mode": "broker"})
    assert Settings.from_userdata({"target": "aegra", "mode": "without-broker"}).mode == "without-broker"
