"""Seeded defects of what is kept exactly (DBL-03)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from apex.backend.models import Message
from apex.runs import Ending
from apex.worker import supervisor
from defects import defect
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


@defect(
    "DBL-03a",
    service="worker",
    summary="money passes through floats",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    def through_float(value: str) -> str:
        return str(float(value)) if re.fullmatch(r"-?\d+\.\d+", value) else value

    _altered_texts(through_float)


@defect(
    "DBL-03b",
    service="worker",
    summary="letters that look alike are made one",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: unicodedata.normalize("NFKC", value))


@defect(
    "DBL-03c",
    service="worker",
    summary="long texts are cut where an older column ended",
    scenario="A megabyte of text is kept to its last letter",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: value[:65_535])


@defect(
    "DBL-03d",
    service="backend",
    summary="in the conversation an answer is shown without what is nested in it",
    scenario="A rich state reads back as the agent left it",
    step="it reads the same in the conversation",
)
def _() -> None:
    def flat(value: Any) -> Any:
        return {name: None if isinstance(member, dict) else member for name, member in value.items()}

    def validate(_: Any, /, row: Any, **options: Any) -> Message:
        message = original(row, **options)
        return message.model_copy(update={"data": flat(message.data)}) if message.data else message

    original = Message.model_validate
    replace(Message, "model_validate", classmethod(validate))
