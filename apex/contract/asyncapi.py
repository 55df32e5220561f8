"""The event socket as an AsyncAPI 3.0 document; the schemas of its messages are JSON Schema."""

from __future__ import annotations

from typing import Any

from apex import __version__
from apex.storage.fitting import LARGEST_EVENT_BYTES

_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 1}
_SECONDS = {"type": "number", "minimum": 0}
_UUID = {"type": "string", "format": "uuid"}
_FLAG = {"type": "boolean"}
_TIMESTAMP = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}
_PARENT = {"parent_run_id": {**_UUID, "description": "Only in the part of a delegated agent: the run it is part of."}}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


_USAGE = _object(
    {
        "cpu_seconds": _SECONDS,
        "bytes_read": {"type": "integer", "minimum": 0},
        "peak_state_bytes": {"type": "integer", "minimum": 0},
        "tool_calls": {"type": "integer", "minimum": 0},
        "wall_seconds": _SECONDS,
    }
)
_TOOL_FAILURES = ["tool_failed", "invalid_parameters", "permission_denied", "unknown_tool", "tool_withdrawn"]
_NAMES = {"type": "array", "items": _TEXT}
_FAILURE = {
    "oneOf": [
        {"type": "null"},
        _object(
            {"code": {"enum": _TOOL_FAILURES}, "message": _TEXT, "recoverable": _FLAG},
            {
                "permission": {**_TEXT, "description": "Refused for want of this permission."},
                "plans": {**_NAMES, "description": "The plans that the missing permission comes with."},
                "roles": {**_NAMES, "description": "The roles that the missing permission is for."},
            },
        ),
    ]
}
_ANSWER = {
    "oneOf": [{"type": "null"}, {"type": "object"}],
    "description": "The answer; null when it is too large for an event, and then to be read at the reference.",
}
_RESULT = {
    "oneOf": [{"type": "null"}, {"type": "object"}],
    "description": "The result, secrets masked and long values cut; null unless the call succeeded.",
}
_CALL = {"call_id": _UUID, "tool_name": _TEXT}

PAYLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "agent_started": ("The agent has begun.", _object({"agent_description": _TEXT})),
    "agent_thinking": ("What the agent considers.", _object({"thought": _TEXT}, _PARENT)),
    "tool_executing": ("A tool call begins.", _object({**_CALL, "parameters": {"type": "object"}}, _PARENT)),
    "tool_progress": (
        "How far a tool call that takes its time has come: so much of the total is done.",
        _object({**_CALL, "message": _TEXT, "done": {"type": "integer", "minimum": 0}, "total": _COUNT}, _PARENT),
    ),
    "tool_completed": (
        "The tool call has ended.",
        _object(
            {
                **_CALL,
                "outcome": {"enum": ["succeeded", "failed", "cancelled"]},
                "duration_seconds": {**_SECONDS, "description": "How long the tool was at work."},
                "result": _RESULT,
                "error": _FAILURE,
            },
            _PARENT,
        ),
    ),
    "agent_completed": (
        "The run has its answer, which can be read back from now on.",
        _object(
            {"answer": _ANSWER, "partial": _FLAG, "usage": _USAGE, "duration_seconds": _SECONDS},
            {"reference": {**_TEXT, "description": "The path at which the run is read; only with a large answer."}},
        ),
    ),
    "agent_error": (
        "The run has failed.",
        _object(
            {
                "code": {"enum": [*_TOOL_FAILURES, "agent_failed", "timed_out", "worker_lost", "unavailable"]},
                "message": _TEXT,
                "recoverable": _FLAG,
            }
        ),
    ),
    "agent_cancelled": ("The run was stopped by its owner.", _object({"cancelled_by": _UUID})),
    "notice": ("A notice of the platform's operator.", _object({"notice_id": _UUID, "title": _TEXT, "body": _TEXT})),
}
_CONTROL = {
    "stream_opened": "The first frame: where this connection begins.",
    "resync_required": "Events were missed that cannot be had any more: read the state anew, go on from here.",
}


def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    messages = {
        **{name: _message(name, told, _envelope(name, payload)) for name, (told, payload) in PAYLOADS.items()},
        **{name: _message(name, told, _control(name)) for name, told in _CONTROL.items()},
    }
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Apex live events",
            "version": __version__,
            "description": (
                "A bearer token comes in the Authorization header, or as the subprotocol `bearer.<token>` beside "
                "`apex.v1`. To resume, connect with the epoch and the sequence last seen. No message has more than "
                f"{LARGEST_EVENT_BYTES} bytes: long values are cut, a large answer is referred to. "
                "Close codes: 4401 the "
                "session has ended or the token has expired, 4403 removed from the tenant, 1013 try again."
            ),
        },
        "channels": {
            "events": {
                "address": "/v1/events",
                "messages": references,
                "bindings": {
                    "ws": {
                        "query": {
                            "type": "object",
                            "properties": {
                                "last_sequence": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
                                "epoch": {"type": "string", "maxLength": 100},
                            },
                        }
                    }
                },
            }
        },
        "operations": {"receive_events": {"action": "send", "channel": {"$ref": "#/channels/events"}}},
        "components": {"messages": messages},
    }


def _message(name: str, told: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "summary": told, "contentType": "application/json", "payload": payload}


def _envelope(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    of_run = name != "notice"
    return _object(
        {
            "type": {"const": name},
            "run_id": _UUID if of_run else {"type": "null"},
            "thread_id": _UUID if of_run else {"type": "null"},
            "agent_name": _TEXT if of_run else {"type": "null"},
            "sequence": {**_COUNT, "description": "Counts the user's events without a gap."},
            "run_sequence": _COUNT if of_run else {"type": "null"},
            "timestamp": _TIMESTAMP,
            "payload": payload,
            "trace": _object(
                {
                    "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                    "request_id": _TEXT,
                    "user_id": _UUID,
                }
            ),
        }
    )


def _control(name: str) -> dict[str, Any]:
    return _object({"type": {"const": name}, "epoch": _TEXT, "sequence": {"type": "integer", "minimum": 0}})
