"""Matchers over the answers to many who asked at once: right, each their own, and none the same as another."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.oracles.canary import markers_in
from support.platform.outcome import Outcome


class Tenant(Protocol):
    """Whose marker may be shown."""

    @property
    def marker(self) -> str: ...


class Asker(Protocol):
    """Who asked."""

    @property
    def tenant(self) -> Tenant: ...


class Answered(Protocol):
    """What must be answered, ``made`` when something new has come of it, and what was."""

    @property
    def who(self) -> Any: ...

    @property
    def due(self) -> Mapping[str, Any]: ...

    @property
    def made(self) -> bool: ...

    @property
    def answer(self) -> Outcome: ...


def holds(value: Any, due: Any) -> bool:
    """Whether a JSON value is what is due, or an object or list of that length that holds it."""
    if isinstance(due, Mapping):
        return isinstance(value, Mapping) and all(key in value and holds(value[key], due[key]) for key in due)
    if isinstance(due, list):
        return isinstance(value, list) and len(value) == len(due) and all(map(holds, value, due))
    return bool(value == due)


def _fault(answered: Answered) -> str | None:
    answer = answered.answer
    if not answer.done or not holds(answer.body, answered.due):
        return f"{answered.who}: {answer} {answer.text[:200]}, not {answered.due}"
    if foreign := markers_in(answer.text) - {answered.who.tenant.marker}:
        return f"{answered.who}: {answer} shows {', '.join(sorted(foreign))}"
    return None


class _AreAllRight(BaseMatcher[Sequence[Answered]]):
    def _faults(self, item: Sequence[Answered]) -> list[str]:
        return [fault for answered in item if (fault := _fault(answered))] if item else ["nobody asked"]

    def _matches(self, item: Sequence[Answered]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("answers that are all right, each with the asker's own data")

    def describe_mismatch(self, item: Sequence[Answered], mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text(f"{len(faults)} of {len(item)} are not: {'; '.join(faults[:3])}")


class _HaveNamesOfTheirOwn(BaseMatcher[Sequence[Answered]]):
    def _faults(self, item: Sequence[Answered]) -> list[str]:
        made = [str((each.answer.body or {}).get("id")) for each in item if each.made]
        requests = [str(each.answer.request_id) for each in item]
        found = [] if made else ["nothing was made"]
        for kind, names in (("things", made), ("answers", requests)):
            if shared := {name for name in names if name in ("", "None") or names.count(name) > 1}:
                found.append(f"{kind} share {', '.join(sorted(shared)[:3])}")
        return found

    def _matches(self, item: Sequence[Answered]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("an id of its own for everything that was made, and for every answer")

    def describe_mismatch(self, item: Sequence[Answered], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)))


def are_all_right() -> BaseMatcher[Sequence[Answered]]:
    """There are answers; each holds what is due, and no marker but that of the asker's own tenant."""
    return _AreAllRight()


def have_names_of_their_own() -> BaseMatcher[Sequence[Answered]]:
    """Something was made; everything made has an id of its own, and every answer a request id of its own."""
    return _HaveNamesOfTheirOwn()
