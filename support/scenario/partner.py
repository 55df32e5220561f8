"""The partner's side: what it answers to the platform, and what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from support.platform.trace import trace_id_of
from support.scenario.undo import UndoStack
from support.scenario.users import User

_CONTROL_SECONDS = 5.0

PRICES = "/v1/prices"
"""Where the partner's price list is."""


@dataclass(frozen=True, slots=True)
class PartnerCall:
    """One request as the partner saw it; times are Unix seconds, None: not (yet)."""

    number: int
    path: str
    trace_id: str
    idempotency_key: str | None
    received_at: float
    answered_at: float | None
    closed_by_client_at: float | None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def busy(self) -> float | None:
        """Seconds that the partner took to answer; None when it did not."""
        return None if self.answered_at is None else self.answered_at - self.received_at

    @property
    def open(self) -> bool:
        """Whether the caller still waits."""
        return self.answered_at is None and self.closed_by_client_at is None


class Partner:
    """The control of the programmable partner; everything programmed is withdrawn at the end of the scenario."""

    def __init__(self, control_url: str, token: str, undo: UndoStack) -> None:
        self._url, self._undo = f"{control_url}/_control", undo
        self._held: set[str] = set()
        self._http = requests.Session()
        self._http.headers["authorization"] = f"Bearer {token}"

    def hold(self, path: str, body: Any = None) -> None:
        """Answer nothing under the path until it is released, then the body; harmless when it is held already."""
        if path not in self._held:
            self._held.add(path)
            self._program(path, {"hold": True, **(_answered(path) if body is None else {"body": body})})

    def release(self, path: str) -> None:
        """Answer what is held, and everything after it at once."""
        self._held.discard(path)
        self._ask("DELETE", f"/routes{path}")

    def delay(self, path: str, seconds: float, *, in_two_parts: bool = False) -> None:
        """Answer under the path that much later; in two parts: only the rest of the answer."""
        self._program(path, {"delay_seconds": seconds, "in_two_parts": in_two_parts, **_answered(path)})

    def serve(self, path: str, body: Any, seconds: float = 0.0) -> None:
        """Answer under the path with the body, that much later."""
        self._program(path, {"body": body, "delay_seconds": seconds})

    def fail(self, path: str, status: int, body: Any = None, seconds: float = 0.0) -> None:
        """Answer under the path with an error, that much later."""
        self._program(path, {"status": status, "body": body, "delay_seconds": seconds})

    def calls(self, path: str) -> list[PartnerCall]:
        """The requests under exactly this path, oldest first."""
        return [call for call in self.all_calls() if call.path == path]

    def all_calls(self) -> list[PartnerCall]:
        """The requests of everybody, as far back as the journal goes, oldest first."""
        items = self._ask("GET", "/journal").json()["items"]
        return [
            PartnerCall(
                item["number"],
                item["path"],
                trace_id_of(item["headers"]["traceparent"]) if "traceparent" in item["headers"] else "",
                item["headers"].get("idempotency-key"),
                item["received_at"],
                item["answered_at"],
                item["closed_by_client_at"],
                item["body"],
                item["headers"],
            )
            for item in items
        ]

    def _program(self, path: str, route: Mapping[str, Any]) -> None:
        self._ask("PUT", f"/routes{path}", route)
        self._undo.register(f"let the partner answer as usual under {path}", lambda: self.release(path))

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        answer = self._http.request(method, self._url + path, json=body, timeout=_CONTROL_SECONDS)
        answer.raise_for_status()
        return answer


def _answered(path: str) -> dict[str, Any]:
    """The price list has its ordinary answer; what only a scenario asks for has none of its own."""
    return {} if path == PRICES else {"body": {"path": path}}


def own_path(user: User) -> str:
    """A path at the partner that only this user's runs ask for."""
    return f"/{user.tenant.name}/{user.alias.replace(' ', '-').lower()}/waiting"
