"""The partner's journal."""

import json
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import requests

from support.oracles.canary import Sighting, markers_in
from support.oracles.identities import AskedOfPartner
from support.platform.trace import trace_id_of
from support.stack.partner_routes import SESSION_COOKIE

# Seconds.
_TIMEOUT = 5.0


class PartnerEyes:
    """The partner's journal: what the platform asked it for. A request belongs to the tenant of its trace."""

    def __init__(self, control_url: str, token: str) -> None:
        self._url = control_url
        self._http = requests.Session()
        self._http.headers["authorization"] = f"Bearer {token}"
        self._last: Mapping[str, Any] | None = None

    def look(self, traces: Mapping[str, str]) -> tuple[list[Sighting], list[AskedOfPartner]]:
        """Markers in requests since the last look, and each of these requests.

        :param traces: trace id -> tenant id.
        """
        found = []
        entries = self._new_entries()
        for entry in entries:
            text = json.dumps(entry)
            if "canary-" in text:
                where = f"the partner's request log ({entry['method']} {entry['path']})"
                found.append(Sighting(where, traces.get(_trace_of(entry)), markers_in(text)))
        return found, [_asked(entry) for entry in entries]

    def _new_entries(self) -> list[Mapping[str, Any]]:
        # The last entry is asked for once more: when it is another, the partner has been restarted and counts anew.
        known = self._last
        entries = self._since(known["number"] - 1 if known else 0)
        if known:
            if entries and entries[0]["received_at"] == known["received_at"]:
                entries = entries[1:]
            else:
                entries = self._since(0)
                self._last = None
        if entries:
            self._last = entries[-1]
        return entries

    def _since(self, number: int) -> list[Mapping[str, Any]]:
        answer = self._http.get(f"{self._url}/_control/journal", params={"since": number}, timeout=_TIMEOUT)
        answer.raise_for_status()
        items: list[Mapping[str, Any]] = answer.json()["items"]
        return items

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


def _header_of(entry: Mapping[str, Any], wanted: str) -> str:
    return {str(name).lower(): str(value) for name, value in dict(entry.get("headers") or {}).items()}.get(wanted, "")


def _asked(entry: Mapping[str, Any]) -> AskedOfPartner:
    cookie = SimpleCookie(_header_of(entry, "cookie")).get(SESSION_COOKIE)
    return AskedOfPartner(
        str(entry["path"]),
        _trace_of(entry),
        _header_of(entry, "idempotency-key"),
        _trace_in(cookie.value if cookie else ""),
    )


def _trace_of(entry: Mapping[str, Any]) -> str:
    return _trace_in(_header_of(entry, "traceparent"))


def _trace_in(traceparent: str) -> str:
    try:
        return trace_id_of(traceparent)
    except ValueError:  # the request was in no trace, and so is nobody's
        return ""
