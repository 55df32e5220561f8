"""What came of a request: an answer or a broken line. Errors are values; a Then judges them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.platform.dialect import Meaning
from support.scenario.verdict import NotShown


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the platform explains it (RFC 9457)."""

    code: str
    title: str = ""
    detail: str = ""
    request_id: str | None = None
    errors: tuple[Any, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def as_published(refused: "Outcome") -> Problem | None:
    """The problem in a body as RFC 9457 has it; None without one."""
    body = refused.body
    if not isinstance(body, dict) or "code" not in body:
        return None
    known = {"type", "title", "status", "code", "detail", "request_id", "errors"}
    return Problem(
        code=str(body["code"]),
        title=str(body.get("title") or ""),
        detail=str(body.get("detail") or ""),
        request_id=body.get("request_id"),
        errors=tuple(body.get("errors") or ()),
        extra={key: value for key, value in body.items() if key not in known},
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request and what came of it.

    ``status`` is None when no answer came; ``error`` then says what happened to the line. ``seconds`` is the
    time until the answer was read, ``sent_at`` monotonic. ``who`` asked with which ``query``; ``sent`` is the body
    of the request.
    """

    method: str
    path: str
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = field(default="", repr=False)
    error: str | None = None
    meaning: Meaning = Meaning.FAILED
    seconds: float = 0.0
    sent_at: float = 0.0
    trace_id: str = ""
    who: str = ""
    query: str = ""
    sent: Any = field(default=None, repr=False, compare=False)
    read: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)
    """Gives the value that a body stands for, in the suite's own words."""
    explain: Callable[["Outcome"], Problem | None] = field(default=as_published, repr=False, compare=False)
    """Gives the problem that a refusal explains."""

    @property
    def done(self) -> bool:
        """Whether the platform did what was asked."""
        return self.status is not None and self.meaning is Meaning.DONE

    @property
    def body(self) -> Any:
        """The JSON of the answer; None when there is none."""
        try:
            return json.loads(self.text) if self.text else None
        except ValueError:
            return None

    @property
    def value(self) -> Any:
        """What the answer says, in the suite's own words; its JSON where there are none.

        :raises AssertionError: it is no JSON object, or says what no such answer can say.
        """
        body = self.body
        if self.read is None:
            return body
        reads = getattr(self.read, "reads", Mapping)
        if not isinstance(body, reads):
            kind = "list" if reads is list else "object"
            raise AssertionError(f"the answer is no JSON {kind}: {self} {self.text[:200]}")
        return self.read(body)

    @property
    def problem(self) -> Problem | None:
        """How the platform explains an error; None when it did not, or there was none."""
        return None if self.done else self.explain(self)

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    def require(self) -> Any:
        """The :attr:`value`, where a failure would only spoil the situation that a scenario needs.

        :raises NotShown: the platform did not do what was asked.
        """
        if not self.done:
            raise NotShown(f"the platform did not do it: {self}")
        return self.value

    def __str__(self) -> str:
        if self.status is None:
            return f"{self.method} {self.path}: no answer ({self.error})"
        shown = f" {self.text[:300]}" if not self.done else ""
        return f"{self.method} {self.path}: {self.status} {self.meaning.value}{shown}"
