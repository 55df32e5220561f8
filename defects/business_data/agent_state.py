"""Seeded defects of what is kept exactly (DBL-03)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from apex.backend.models import Message
from apex.storage.runs import Ending
from apex.worker import supervisor
from defects import Scenario
from defects._patching import replace


def _altered_texts(alter: Callable[[str], str]) -> None:
    """Have every text of a finished run's answer altered on its way into the database."""

    def altered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: altered(member) for name, member in value.items()}
        if isinstance(value, list):
            return [altered(member) for member in value]
        return alter(value) if isinstance(value, str) else value

    def ending(status: str, answer: dict[str, Any] | None = None, **others: Any) -> Ending:
        return Ending(status, answer=altered(answer), **others)

    replace(supervisor, "Ending", ending)


rich_state_reads = Scenario("A rich state reads back as the agent left it")


@rich_state_reads.defect(
    "DBL-03a", "money passes through floats", step="the state reads back exactly as the agent left it", service="worker"
)
def _() -> None:
    def through_float(value: str) -> str:
        return str(float(value)) if re.fullmatch(r"-?\d+\.\d+", value) else value

    _altered_texts(through_float)


@rich_state_reads.defect(
    "DBL-03b",
    "letters that look alike are made one",
    step="the state reads back exactly as the agent left it",
    service="worker",
)
def _() -> None:
    _altered_texts(lambda value: unicodedata.normalize("NFKC", value))


megabyte_text_kept = Scenario("A megabyte of text is kept to its last letter", service="worker")


@megabyte_text_kept.defect(
    "DBL-03c",
    "long texts are cut where an older column ended",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: value[:65_535])


@rich_state_reads.defect(
    "DBL-03d",
    "in the conversation an answer is shown without what is nested in it",
    step="it reads the same in the conversation",
    service="backend",
)
def _() -> None:
    def flat(value: Any) -> Any:
        return {name: None if isinstance(member, dict) else member for name, member in value.items()}

    def validate(_: Any, /, row: Any, **options: Any) -> Message:
        message = original(row, **options)
        return message.model_copy(update={"data": flat(message.data)}) if message.data else message

    original = Message.model_validate
    replace(Message, "model_validate", classmethod(validate))
