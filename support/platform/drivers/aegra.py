"""Aegra's driver: what a customer can ask of it over HTTP, and how its event streams read.

Accounts are its deployer's: tokens are made here, with the key that the stack was started with. A run is found under
its conversation, so the driver remembers in which one each run took place.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from support.platform import values
from support.platform.dialect import Decode, Dialect, Meaning, StreamControl
from support.platform.driver import Anyone, Caller, Json
from support.platform.drivers.minted import MintingDriver
from support.platform.http import Recorder, given, listed
from support.platform.outcome import Outcome, Problem
from support.platform.runs import Run, RunError, RunRequest, RunStatus
from support.platform.server_sent_events import Request, ServerSentEvents
from support.platform.story import Event
from support.platform.streams import Wanted
from support.platform.values import Page
from support.redaction import know_secret
from support.stack.client import Addresses

_STREAM_MODES = ["values", "tasks", "messages-tuple", "custom"]
_MOST = 1000
"""Entries that a search gives at most."""
_MOST_ASSISTANTS = 100
_TIMED_OUT = "Job exceeded maximum execution time"

_GRAPH = {"graph_id": "probe"}
"""Without a graph, which it would have from its first run on, a conversation has no state that could be written to."""

_STATUSES = {
    "pending": RunStatus.QUEUED,
    "running": RunStatus.RUNNING,
    "success": RunStatus.COMPLETED,
    "error": RunStatus.FAILED,
    "timeout": RunStatus.TIMED_OUT,
    "interrupted": RunStatus.CANCELLED,
}


_CODES = {
    "unauthorized": "unauthenticated",
    "forbidden": "permission_denied",
    "bad_request": "validation_failed",
    "validation_error": "validation_failed",
    "service_unavailable": "unavailable",
}
"""The suite's words for its errors, where they differ."""


class AegraDialect(Dialect):
    """Streams of Aegra: what a frame says depends on those before it."""

    def published(self, text: str) -> tuple[str, Any]:
        frame = json.loads(text)
        return str(frame.get("event")), {**frame, "data": json.loads(frame.get("data") or "null")}

    def decoder(self) -> Decode:
        return AegraDecoder().decode


DIALECT = AegraDialect(
    name="aegra",
    sequences=False,
    website="https://app.aegra.test",
    identities=frozenset(),
    meanings={
        400: Meaning.INVALID,
        401: Meaning.UNAUTHENTICATED,
        403: Meaning.PERMISSION_DENIED,
        404: Meaning.NOT_FOUND,
        409: Meaning.CONFLICT,
        422: Meaning.INVALID,
        429: Meaning.RATE_LIMITED,
        503: Meaning.UNAVAILABLE,
    },
)


class AegraDriver(MintingDriver):
    """What can be asked of Aegra; the verbs say what they are for in :class:`support.platform.driver.Driver`."""

    dialect = DIALECT
    api = "aegra"

    def __init__(self, services: Mapping[str, str], record: Recorder | None = None, *, signing_key: str = "") -> None:
        super().__init__(services, record, signing_key=signing_key)
        self._threads: dict[str, str] = {}

    @classmethod
    def at(cls, addresses: Addresses, record: Recorder | None = None) -> "AegraDriver":
        """A driver of the platform of a running stack."""
        know_secret(addresses.signing_key)
        return cls({"aegra": addresses.backend_url}, record, signing_key=addresses.signing_key)

    @staticmethod
    def explain(refused: Outcome) -> Problem | None:
        """Its own errors have ``error`` and ``message``; those of its framework have ``detail``."""
        body = refused.body
        if not isinstance(body, dict):
            return None
        detail = body.get("message") or body.get("detail")
        errors = [_error(each) for each in detail] if isinstance(detail, list) else []
        its = body.get("error") or ("validation_error" if errors else f"status_{refused.status}")
        code = _CODES.get(its, its)
        if code == "not_found" and str(detail).startswith("Assistant "):
            code = "unknown_agent"
        extra = {name: value for name, value in body.items() if name not in ("error", "message", "detail")}
        return Problem(str(code), "", str(detail or ""), refused.request_id, tuple(errors), extra)

    # -- conversations ----------------------------------------------------------------------------------------

    def create_thread(self, who: Caller, title: str) -> Outcome:
        return self.request(who, "POST", "/threads", json={"metadata": {"title": title, **_GRAPH}}, read=_thread)

    def threads(self, who: Caller, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        asked = {"limit": limit or _MOST, "offset": int(cursor or 0), "sort_by": "created_at", "sort_order": "desc"}
        return self.request(who, "POST", "/threads/search", json=asked, read=_page(_thread, asked))

    def thread(self, who: Caller, thread_id: str, *, instance: str | None = None) -> Outcome:
        return self.request(who, "GET", f"/threads/{thread_id}", service=instance, read=_thread)

    def rename_thread(self, who: Caller, thread_id: str, title: str, *, instance: str | None = None) -> Outcome:
        changed = {"metadata": {"title": title}}
        return self.request(who, "PATCH", f"/threads/{thread_id}", service=instance, json=changed, read=_thread)

    def delete_thread(self, who: Caller, thread_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/threads/{thread_id}")

    def post_message(self, who: Caller, thread_id: str, content: str) -> Outcome:
        # A message is added to the state of the conversation, as the node that takes requests would do it.
        id = str(uuid.uuid4())
        message = {"role": "user", "content": content, "id": id}
        return self.request(
            who,
            "POST",
            f"/threads/{thread_id}/state",
            json={"values": {"messages": [message]}, "as_node": "begin"},
            read=lambda _: values.Message(id, "user", content, thread_id=thread_id),
        )

    def messages(self, who: Caller, thread_id: str, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        # They are part of the conversation's state, and not paged.
        return self.request(who, "GET", f"/threads/{thread_id}/state", read=_messages)

    # -- what agents work on ----------------------------------------------------------------------------------

    def set_cloud_account(self, who: Caller, *, account_id: str, role_arn: str, region: str) -> Outcome:
        account = {"account_id": account_id, "role_arn": role_arn, "region": region}
        return self._store(who, "account", "cloud", account)

    def store_usage(self, who: Caller, records: Sequence[Json]) -> Outcome:
        return self._store(who, "usage", uuid.uuid4().hex, {"records": list(records)})

    def _store(self, who: Caller, place: str, key: str, value: Json) -> Outcome:
        return self.request(who, "PUT", "/store/items", json={"namespace": [place], "key": key, "value": value})

    def further_resources(self, who: Caller, thread_id: str, text: str) -> Mapping[str, str]:
        def made(path: str, **body: Any) -> Any:
            return self.request(who, "POST", path, json=body).require()

        own = made("/assistants", graph_id="probe", name=text, config={"configurable": {"noted": text}})
        nothing: Json = {"request": {"steps": []}}
        # One that is enabled works once when it is made, in a conversation of its own.
        made(
            "/runs/crons",
            assistant_id="probe",
            schedule="0 0 1 1 *",
            input=nothing,
            metadata={"noted": text},
            enabled=False,
        )
        cron = made("/runs/crons/search")[0]
        self._store(who, "notes", "plans", {"noted": text}).require()
        state = self.request(who, "GET", f"/threads/{thread_id}/state").require()
        return {
            "assistant": own["assistant_id"],
            "cron": cron["cron_id"],
            "checkpoint": state["checkpoint"]["checkpoint_id"],
        }

    # -- runs -------------------------------------------------------------------------------------------------

    def agents(self, who: Caller) -> Outcome:
        # Customers may have assistants of their own; what all of them can run bears the name of its graph.
        return self.request(who, "POST", "/assistants/search", json={"limit": _MOST_ASSISTANTS}, read=_page(_agent))

    def start_run(
        self,
        who: Caller,
        agent_name: str,
        *,
        thread_id: str | None = None,
        input: Json | None = None,
        time_limit_seconds: float | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        # A conversation that does not exist is begun with its first run.
        thread = thread_id or str(uuid.uuid4())
        return self.request(
            who,
            "POST",
            f"/threads/{thread}/runs",
            trace_id=trace_id,
            headers=given(**{"x-request-id": request_id}),
            json={
                "assistant_id": agent_name,
                "input": {"request": dict(input or {})},
                "stream_mode": _STREAM_MODES,
            },
            read=self._remembered,
        )

    def run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "GET", f"{self._place(run_id)}", read=self._remembered)

    def runs(self, who: Caller, **query: Any) -> Outcome:
        """There is no list of all runs: those of each conversation are asked for.

        It has one status for what has failed and what took too long.
        """
        threads = self.threads(who)
        status = query.pop("status", None)
        if status is not None:
            word = next(its for its, ours in _STATUSES.items() if ours == status)
            query["status"] = "error" if word == "timeout" else word
        if not threads.done or not isinstance(threads.body, list):
            return threads
        found: list[Json] = []
        answer = threads
        for thread in threads.value.items:
            answer = self.request(who, "GET", f"/threads/{thread.id}/runs", query={**query, "limit": _MOST})
            if not answer.done or not isinstance(answer.body, list):
                return replace(answer, read=_page(_run))
            found += [run for run in answer.body if status in (None, _run(run).status)]
        found.sort(key=lambda run: str(run.get("created_at")), reverse=True)
        return replace(answer, method="GET", path="/threads/*/runs", text=json.dumps(found), read=_page(_run))

    def cancel_run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "POST", f"{self._place(run_id)}/cancel", read=self._remembered)

    def _place(self, run_id: str) -> str:
        return f"/threads/{self._threads.get(run_id, run_id)}/runs/{run_id}"

    def _remembered(self, body: Json) -> Run:
        run = _run(body)
        self._threads[run.id] = str(run.request.thread_id)
        return run

    # -- live events ------------------------------------------------------------------------------------------

    def transport(self, address: str | None = None) -> ServerSentEvents:
        base = address.replace("ws", "http", 1) if address else self.services["aegra"]
        return ServerSentEvents(base, _stream_of, ca_file=self.ca_file)

    # -- what the platform publishes of itself ------------------------------------------------------------------

    def is_alive(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/live")

    def documents(self) -> Mapping[str, Outcome]:
        return {"aegra": self.request(Anyone(), "GET", "/openapi.json")}

    def metrics(self, instance: str | None = None) -> Outcome:
        return self.request(Anyone(), "GET", "/metrics", service=instance)


def _stream_of(wanted: Wanted) -> Request:
    """A stream is asked for from its first event: without that, a run that has ended tells its end alone."""
    headers = {"last-event-id": wanted.last_id or f"{wanted.run_id}_event_0"}
    if wanted.token is not None:
        headers["authorization"] = f"Bearer {wanted.token}"
    if wanted.website is not None:
        headers["origin"] = wanted.website
    return Request(f"/threads/{wanted.thread_id}/runs/{wanted.run_id}/stream", headers)


def _error(fault: Json) -> Json:
    """One fault of a request; the part of the request is the first that its place names."""
    return {"field": ".".join(str(part) for part in fault.get("loc", ())), "message": fault.get("msg")}


# -- what answers say -------------------------------------------------------------------------------------------


def _page(item: Callable[[Json], Any], asked: Mapping[str, Any] | None = None) -> Callable[[list[Json]], Page[Any]]:
    """A page of a list; after one that is full the next begins."""

    def page(body: list[Json]) -> Page[Any]:
        is_full = asked is not None and len(body) == asked["limit"]
        following = str(asked["offset"] + len(body)) if is_full and asked is not None else None
        return Page(listed(item)(body), following)

    page.reads = list  # type: ignore[attr-defined]
    return page


def _thread(body: Json) -> values.Thread:
    return values.Thread(str(body.get("thread_id")), (body.get("metadata") or {}).get("title"))


def _messages(body: Json) -> Page[values.Message]:
    return Page([_message(each) for each in (body.get("values") or {}).get("messages") or () if _is_shown(each)])


def _is_shown(message: Json) -> bool:
    """Requests and answers; what an agent says to its tools, and these to it, is not for customers."""
    return message.get("type") == "human" or "answer" in (message.get("additional_kwargs") or {})


def _message(body: Json) -> values.Message:
    kept = body.get("additional_kwargs") or {}
    role = "user" if body.get("type") == "human" else "assistant"
    return values.Message(str(body.get("id")), role, str(body.get("content")), kept.get("answer"), kept.get("run_id"))


def _agent(body: Json) -> values.Agent:
    return values.Agent(str(body.get("graph_id")))


def _run(body: Json) -> Run:
    stated, message = body.get("status"), body.get("error_message")
    if stated not in _STATUSES:
        raise AssertionError(f"the run {body.get('run_id')} has the status {stated!r}, which no run can have")
    status = RunStatus.TIMED_OUT if message == _TIMED_OUT else _STATUSES[stated]
    result = (body.get("output") or {}).get("answer")
    return Run(
        request=RunRequest(
            id=str(body.get("run_id")),
            thread_id=body.get("thread_id"),
            user_id=body.get("user_id"),
            input=(body.get("input") or {}).get("request"),
            created_at=body.get("created_at"),
        ),
        status=status,
        result=result,
        error=RunError(_code(status, ""), message) if message else None,
        is_partial=bool(result.get("partial")) if isinstance(result, Mapping) else None,
        raw=body,
    )


def _code(status: RunStatus, kind: str) -> str:
    """The suite's word for why a run failed."""
    if status is RunStatus.TIMED_OUT or kind == "TimeoutError":
        return "timed_out"
    return "tool_failed" if kind == "ToolFailed" else "agent_failed"


# -- what streams tell ------------------------------------------------------------------------------------------

_STEP = 2
"""With the Redis broker the numbers in the ids of events go up by two: it counts once when it takes a number, and once
more when it keeps the event."""


class _Told:
    """What the stream of one run has told so far."""

    def __init__(self) -> None:
        self.number = 1 - _STEP
        self.events = 0
        self.calls: dict[str, Mapping[str, Any]] = {}
        self.answer: Any = None
        self.thread_id: str | None = None
        self.is_over = False


class AegraDecoder:
    """Reads the frames of one user's streams: each names its run in its id.

    Frames are numbered, the events that they stand for are numbered after them: one that is missing leaves a gap, one
    that comes twice a step back.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _Told] = {}

    def decode(self, text: str) -> Sequence[Event | StreamControl]:
        """One frame; ValueError for one that makes no sense."""
        frame = json.loads(text)
        kind, run_id, number = frame.get("event"), *_placed(frame.get("id", ""))
        if not kind or not run_id:
            raise ValueError(f"not an event: {text[:200]}")
        data = json.loads(frame.get("data") or "null")
        told = self._runs.setdefault(run_id, _Told())
        told.events += (number - told.number) // _STEP - 1
        told.number = number
        found = []
        for type, payload in _events(told, kind, data):
            told.events += 1
            found.append(Event(type, run_id, told.thread_id, run_sequence=told.events, payload=payload, is_timed=False))
        return found


def _placed(id: str) -> tuple[str, int]:
    run_id, _, number = id.rpartition("_event_")
    return run_id, int(number) if number.isdigit() else 0


def _events(told: _Told, kind: str, data: Any) -> list[tuple[str, dict[str, Any]]]:
    match kind:
        case "metadata":
            return [("agent_started", {})]
        case "messages":
            message, about = data
            told.thread_id = about.get("thread_id", told.thread_id)
            thought = message.get("content")
            is_thought = about.get("ls_integration") == "langchain_chat_model" and thought
            return [("agent_thinking", {"thought": thought})] if is_thought else []
        case "tasks" if data.get("name") == "tool":
            return _tool(told, data)
        case "custom" if "progress" in data:
            return [
                ("tool_progress", {**{k: v for k, v in data.items() if k != "progress"}, "message": data["progress"]})
            ]
        case "custom" if "thought" in data:
            return [("agent_thinking", {"thought": data["thought"]})]
        case "values":
            told.answer = data.get("answer")
        case "error":
            told.is_over = True
            code = _code(RunStatus.FAILED, str(data.get("error")))
            return [("agent_error", {"code": code, "message": data.get("message")})]
        case "end" if not told.is_over:
            told.is_over = True
            return [_end(told, data.get("status"))]
    return []


def _tool(told: _Told, task: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if "input" in task:
        asked = task["input"]
        told.calls[task["id"]] = {"call_id": asked["id"], "tool_name": asked["name"]}
        return [("tool_executing", {**told.calls[task["id"]], "parameters": asked["args"]})]
    call = told.calls.get(task["id"], {})
    messages = (task.get("result") or {}).get("messages") or []
    if not messages:
        return [("tool_completed", {**call, "outcome": "failed", "result": None, "error": task.get("error")})]
    # Whose result it is it says itself: what was called need not be what has ended.
    call = {"call_id": messages[-1].get("tool_call_id"), "tool_name": messages[-1].get("name")}
    said = json.loads(messages[-1]["content"])
    if messages[-1].get("status") == "error":
        return [("tool_completed", {**call, "outcome": "failed", "result": None, "error": said})]
    return [("tool_completed", {**call, "outcome": "succeeded", "result": said, "error": None})]


def _end(told: _Told, status: str | None) -> tuple[str, dict[str, Any]]:
    if status == "success":
        partial = isinstance(told.answer, Mapping) and bool(told.answer.get("partial"))
        return "agent_completed", {"answer": told.answer, "partial": partial}
    if status == "interrupted":
        return "agent_cancelled", {}
    return "agent_error", {"code": "agent_failed", "message": None}
