"""Results for Allure (`-f allure`), made from the same records as results.json and written by Allure's own library."""

import csv
import io
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import uuid4

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Attachment, Label, Status, StatusDetails, TestResult, TestStepResult
from behave.formatter.base import StreamOpener

from support.refusal import Refusal
from support.run.record import ScenarioRecord, StepRecord
from support.run.told import Told
from support.scenario.verdict import Verdict
from support.settings import Settings

_STATUS = {
    Verdict.PROVEN: Status.PASSED,
    Verdict.VIOLATED: Status.FAILED,
    Verdict.INCONCLUSIVE: Status.BROKEN,
    None: Status.SKIPPED,
}
_STATUS_OF_STEP = {"passed": Status.PASSED, "failed": Status.FAILED} | dict.fromkeys(
    ("skipped", "untested"), Status.SKIPPED
)


class Allure(Told):
    """One result for each scenario, in the folder that `-o` names or in `allure-results` of the reports."""

    name = "allure"
    description = "Results for Allure, in a folder (-o DIR)"

    def __init__(self, stream_opener: StreamOpener, config: Any) -> None:
        """
        :raises Refusal: the folder cannot be made.
        """
        super().__init__(stream_opener, config)
        self._reports = Settings.from_userdata(config.userdata).reports
        folder = Path(stream_opener.name or self._reports / "allure-results")
        if config.dry_run:
            return
        try:
            self._logger = AllureFileLogger(folder)
        except OSError as error:
            raise Refusal(
                f"cannot write results for Allure to {folder} ({error.strerror}); name a folder with -o"
            ) from None

    def finished(self, index: int, record: ScenarioRecord) -> None:
        """Write the result of a scenario."""
        began = _milliseconds(record.started_at)
        known_as = md5(
            f"{record.file}: {record.promise} {record.rule}: {record.scenario}".encode(), usedforsecurity=False
        )
        result = TestResult(
            uuid=str(uuid4()),
            name=record.scenario,
            fullName=f"{record.file}:{record.line}",
            historyId=known_as.hexdigest(),
            testCaseId=known_as.hexdigest(),
            titlePath=[*Path(record.file).parent.parts, record.feature],
            description="\n\n".join(f"**{name}**: {text}" for name, text in record.value.items()),
            status=Status.SKIPPED if record.status == "untested" else _STATUS[record.verdict],
            statusDetails=StatusDetails(message=record.reason, known=bool(record.known) or None)
            if record.reason
            else None,
            labels=[Label(name, value) for name, value in _labels(record)],
            start=began,
            stop=began and began + round(record.duration_seconds * 1000),
        )
        for step in record.steps:
            result.steps.append(self._step(step, began))
            began = began and result.steps[-1].stop
        self._attach_evidence(result, record)
        self._logger.report_result(result)

    def close(self) -> None:
        """There is no stream to be closed."""

    def _step(self, step: StepRecord, began: int | None) -> TestStepResult:
        result = TestStepResult(
            name=f"{step.keyword} {step.name}",
            status=_STATUS_OF_STEP.get(step.status, Status.BROKEN),
            statusDetails=StatusDetails(message=step.error) if step.error else None,
            start=began,
            stop=began and began + round(step.duration_seconds * 1000),
        )
        if step.text:
            result.attachments.append(self._attached("text", step.text, "text/plain", "txt"))
        if step.table:
            text = io.StringIO()
            csv.writer(text).writerows(step.table)
            result.attachments.append(self._attached("table", text.getvalue(), "text/csv", "csv"))
        return result

    def _attach_evidence(self, result: TestResult, record: ScenarioRecord) -> None:
        evidence = self._reports / record.evidence
        if record.evidence and evidence.is_file():
            text = evidence.read_text("utf-8")
            result.attachments.append(self._attached("evidence", text, "application/json", "json"))

    def _attached(self, name: str, text: str, kind: str, extension: str) -> Attachment:
        source = f"{uuid4()}-attachment.{extension}"
        self._logger.report_attached_data(text, source)
        return Attachment(name=name, source=source, type=kind)


def _labels(record: ScenarioRecord) -> list[tuple[str, str]]:
    labels = [
        ("epic", record.category),
        ("feature", record.feature),
        ("story", f"{record.promise} {record.rule}".strip()),
    ]
    labels += [("tag", tag) for tag in record.tags]
    return [(name, value) for name, value in (*labels, ("framework", "behave"), ("language", "python")) if value]


def _milliseconds(at: str) -> int | None:
    return round(datetime.fromisoformat(at).timestamp() * 1000) if at else None
