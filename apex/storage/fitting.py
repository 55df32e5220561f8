"""An event fits through every client: what is too large is shown in part, and an answer is referred to.

A WebSocket client that is sent more than it takes closes the connection (many take 1 MiB unless told otherwise),
resumes before the same event, and never gets past it.
"""

from __future__ import annotations

import json
from typing import Any

LARGEST_EVENT_BYTES = 512 * 1024
_ENVELOPE_BYTES = 4 * 1024
_SHOWN_CHARACTERS = 10_000


def fitting(payload: dict[str, Any], run_id: str | None) -> dict[str, Any]:
    """The payload, as it is or with notes in the place of its largest members.

    An ``answer`` is null then, and ``reference`` says where it can be read.
    """
    sizes = {name: _size(value) for name, value in payload.items()}
    fits = dict(payload)
    for name in sorted(sizes, key=lambda each: -sizes[each]):
        if sum(sizes.values()) <= LARGEST_EVENT_BYTES - _ENVELOPE_BYTES:
            break
        if name == "answer":
            fits |= {"answer": None, "reference": f"/v1/runs/{run_id}"}
        else:
            fits[name] = _in_part(payload[name], sizes[name])
        sizes[name] = _size(fits[name])
    return fits


def _in_part(value: Any, size: int) -> Any:
    if isinstance(value, str):
        return f"{value[:_SHOWN_CHARACTERS]}... ({len(value)} characters)"
    return {"...": f"too large to be shown ({size} bytes)"}


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
