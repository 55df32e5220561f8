"""A scenario's record for tests: a green one unless told."""

from typing import Any

from support.run.record import ScenarioRecord, StepRecord
from support.scenario.verdict import Verdict


def step(name: str, status: str = "passed", **others: Any) -> StepRecord:
    return StepRecord("Given", name, "given", status, **others)


def record(**others: Any) -> ScenarioRecord:
    """The record of AEC-11's scenario "It is cancelled", with other values where they are given."""
    usual: dict[str, Any] = {
        "name": "features/agent_execution/cancelling.feature: It is cancelled",
        "feature": "A run can be cancelled",
        "file": "features/agent_execution/cancelling.feature",
        "line": 12,
        "rule": "A cancelled run ends at once",
        "promise": "AEC-11",
        "scenario": "It is cancelled",
        "tags": ("AEC-11", "smoke"),
        "category": "agent_execution",
        "stage": "smoke",
        "value": {"Segment": "Mid"},
        "status": "passed",
        "verdict": Verdict.PROVEN,
        "reason": "",
        "steps": (step("Acme", duration_seconds=1.0),),
        "seconds": 1.25,
        "evidence": "evidence/x.json",
    }
    return ScenarioRecord(**usual | others)
