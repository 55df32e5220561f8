"""Matcher over requests with something wrong about them: was each refused, and helpfully?"""

from collections.abc import Sequence
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.problems import internals_in
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


class Mistaken(Protocol):
    """The field that something was wrong about, and what came of it."""

    @property
    def place(self) -> str: ...

    @property
    def field(self) -> str: ...

    @property
    def answer(self) -> Outcome: ...


def _names(errors: Sequence[Any], field: str) -> bool:
    """Whether a message is about the field, or something in it, wherever in the request it stands."""
    said = [error for error in errors if isinstance(error, dict) and error.get("message")]
    return any(field in str(error.get("field")).split(".") for error in said)


def _fault(tried: Mistaken) -> str | None:
    answer, problem = tried.answer, tried.answer.problem
    if answer.meaning is not Meaning.INVALID:
        return str(answer)
    if problem is None or not _names(problem.errors, tried.field):
        return f"the field is not named: {answer}"
    shown = internals_in(answer.text)
    return f"it shows {', '.join(shown)}: {answer}" if shown else None


class _NameWhatIsWrong(BaseMatcher[Sequence[Mistaken]]):
    def _faults(self, item: Sequence[Mistaken]) -> list[str]:
        if not item:
            return ["nothing was tried"]
        return [f"{tried.place}, {tried.field}: {fault}" for tried in item if (fault := _fault(tried))]

    def _matches(self, item: Sequence[Mistaken]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("refusals, each with the wrong field named")

    def describe_mismatch(self, item: Sequence[Mistaken], mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text(f"{len(faults)} of {len(item)}: {'; '.join(faults[:5])}")


def name_what_is_wrong() -> BaseMatcher[Sequence[Mistaken]]:
    """Requests were sent, and each was refused as wrong input, with a message about the field, fit for a customer."""
    return _NameWhatIsWrong()
