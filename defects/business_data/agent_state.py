"""Seeded defects of how agents' results are stored (DBL-03)."""

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

rich = Scenario("Nested data, decimals and Unicode read back unchanged", service="worker")
large = Scenario("A megabyte of text reads back complete", service="worker")

_STORED = "the stored result equals what the agent returned"


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


@rich.defect("DBL-03a", "decimals are converted to floats and back", step=_STORED)
def _() -> None:
    _altered_texts(lambda text: str(float(text)) if re.fullmatch(r"-?\d+\.\d+", text) else text)


@rich.defect("DBL-03b", "characters that look alike are normalised", step=_STORED)
def _() -> None:
    _altered_texts(lambda text: unicodedata.normalize("NFKC", text))


@large.defect("DBL-03c", "long texts are truncated to the size of a smaller column type", step=_STORED)
def _() -> None:
    _altered_texts(lambda text: text[:65_535])


@rich.defect(
    "DBL-03d",
    "the conversation shows an answer without its nested objects",
    step="the conversation shows what the agent returned",
    service="backend",
)
def _() -> None:
    def validate(_: Any, /, row: Any, **options: Any) -> Message:
        message = original(row, **options)
        flat = {name: None if isinstance(member, dict) else member for name, member in (message.data or {}).items()}
        return message.model_copy(update={"data": flat}) if message.data else message

    original = Message.model_validate
    replace(Message, "model_validate", classmethod(validate))
