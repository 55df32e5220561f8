"""AgentOS's driver: what a customer can ask of it over HTTP, and how its event streams read.

Accounts are its deployer's: tokens are made here, with the key that the stack was started with. A conversation is a
session of AgentOS. A run is found under its session and its agent, so the driver remembers both of each run.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

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

_SCOPES = [
    *("agents:read", "agents:run", "config:read"),
    *("sessions:read", "sessions:write", "sessions:delete"),
    *("memories:read", "memories:write", "memories:delete"),
]
"""What a customer may do: everything with what is their own."""
_MOST = 1000
"""Entries that are asked for at most."""
_LONGEST_MEMORY = 5000
"""Characters that a memory may have."""
_NO_CONVERSATION = "none"

_STATUSES = {
    "PENDING": RunStatus.QUEUED,
    "RUNNING": RunStatus.RUNNING,
    "COMPLETED": RunStatus.COMPLETED,
    "ERROR": RunStatus.FAILED,
    "CANCELLED": RunStatus.CANCELLED,
}
_CODES = {
    Meaning.UNAUTHENTICATED: "unauthenticated",
    Meaning.PERMISSION_DENIED: "permission_denied",
    Meaning.NOT_FOUND: "not_found",
    Meaning.CONFLICT: "conflict",
}
"""It says by its status alone what is wrong."""
_ABOUT_THE_STREAM = frozenset({"catch_up", "replay", "subscribed", "stream_expired"})


class AgentOsDialect(Dialect):
    """Streams of AgentOS: what a frame says depends on those before it."""

    def published(self, text: str) -> tuple[str, Any]:
        data = json.loads(json.loads(text).get("data") or "null")
        if not isinstance(data, dict):
            raise ValueError(f"not an event: {text[:200]}")
        return str(data.get("event")), data

    def decoder(self) -> Decode:
        return AgentOsDecoder().decode


DIALECT = AgentOsDialect(
    name="agentos",
    sequences=False,
    website="https://os.agno.com",
    identities=frozenset({"thread_id"}),
    meanings={
        401: Meaning.UNAUTHENTICATED,
        403: Meaning.PERMISSION_DENIED,
        404: Meaning.NOT_FOUND,
        409: Meaning.CONFLICT,
        422: Meaning.INVALID,
        429: Meaning.RATE_LIMITED,
        503: Meaning.UNAVAILABLE,
    },
)


class AgentOsDriver(MintingDriver):
    """What can be asked of AgentOS; the verbs say what they are for in :class:`support.platform.driver.Driver`."""

    dialect = DIALECT
    api = "agentos"
    claims: ClassVar[Mapping[str, Any]] = {"scopes": _SCOPES}

    def __init__(self, services: Mapping[str, str], record: Recorder | None = None, *, signing_key: str = "") -> None:
        super().__init__(services, record, signing_key=signing_key)
        self._places: dict[str, tuple[str, str]] = {}
        """Of each run its session and its agent."""

    @classmethod
    def at(cls, addresses: Addresses, record: Recorder | None = None) -> "AgentOsDriver":
        """A driver of the platform of a running stack."""
        know_secret(addresses.signing_key)
        return cls({"agentos": addresses.backend_url}, record, signing_key=addresses.signing_key)

    @staticmethod
    def explain(refused: Outcome) -> Problem | None:
        """Its errors have a ``detail``, in words or as the framework's list, and sometimes an ``error_id``."""
        body = refused.body
        if not isinstance(body, dict):
            return None
        detail = body.get("detail")
        code = "unknown_agent" if detail == "Agent not found" else body.get("error_id") or _CODES.get(refused.meaning)
        errors = tuple(detail) if isinstance(detail, list) else ()
        extra = {name: value for name, value in body.items() if name not in ("detail", "error_id")}
        code = str(code or f"status_{refused.status}")
        return Problem(code, "", str(detail or ""), refused.request_id, errors, extra)

    # -- conversations ----------------------------------------------------------------------------------------

    def create_thread(self, who: Caller, title: str) -> Outcome:
        return self.request(who, "POST", "/sessions", json={"session_name": title}, read=_thread)

    def threads(self, who: Caller, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        asked = {"limit": limit or _MOST, "page": int(cursor or 1), "sort_by": "created_at", "sort_order": "desc"}
        return self.request(who, "GET", "/sessions", query=asked, read=_threads)

    def thread(self, who: Caller, thread_id: str, *, instance: str | None = None) -> Outcome:
        return self.request(who, "GET", f"/sessions/{thread_id}", service=instance, read=_thread)

    def rename_thread(self, who: Caller, thread_id: str, title: str, *, instance: str | None = None) -> Outcome:
        changed = {"session_name": title}
        return self.request(who, "POST", f"/sessions/{thread_id}/rename", service=instance, json=changed, read=_thread)

    def delete_thread(self, who: Caller, thread_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/sessions/{thread_id}")

    def messages(self, who: Caller, thread_id: str, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        # They are part of the conversation's runs, and not paged.
        return self.request(who, "GET", f"/sessions/{thread_id}/runs", read=_messages)

    # -- what agents work on: the customer's memories, which agents may read -------------------------------------

    def set_cloud_account(self, who: Caller, *, account_id: str, role_arn: str, region: str) -> Outcome:
        """There is one memory with it: the one before is changed."""
        account = {"account_id": account_id, "role_arn": role_arn, "region": region}
        before = self.request(who, "GET", "/memories", query={"topics": "account"})
        if not before.done or not before.body["data"]:
            return self._remember(who, "account", account) if before.done else before
        kept = {"memory": json.dumps(account), "topics": ["account"]}
        return self.request(who, "PATCH", f"/memories/{before.body['data'][0]['memory_id']}", json=kept)

    def store_usage(self, who: Caller, records: Sequence[Json]) -> Outcome:
        """A memory holds few records, so that they are stored in several."""
        left, outcome = list(records), self._remember(who, "usage", [])
        while left and outcome.done:
            fitting = next(n for n in range(len(left), 0, -1) if len(json.dumps(left[:n])) <= _LONGEST_MEMORY or n == 1)
            outcome, left = self._remember(who, "usage", left[:fitting]), left[fitting:]
        return outcome

    def _remember(self, who: Caller, topic: str, kept: Any) -> Outcome:
        return self.request(who, "POST", "/memories", json={"memory": json.dumps(kept), "topics": [topic]})

    # -- runs -------------------------------------------------------------------------------------------------

    def agents(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/agents", read=_agents)

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
        """A run that has events is answered with these, and named by the first, once it has begun.

        So it is found among the runs of its conversation: the request bears a mark of its own.
        """
        session, mark = thread_id or str(uuid.uuid4()), uuid.uuid4().hex
        # A field holds 1,024 KB: characters are not to take more of it than they have bytes.
        message = json.dumps({"request": dict(input or {}), "mark": mark}, ensure_ascii=False)
        started = self.request(
            who,
            "POST",
            f"/agents/{agent_name}/runs",
            trace_id=trace_id,
            headers=given(**{"x-request-id": request_id}),
            form={"message": message, "session_id": session, "background": "true", "stream": "true"},
            unread=True,
        )
        if not started.done:
            return started
        found = self.request(who, "GET", f"/sessions/{session}/runs", trace_id=trace_id)
        runs = found.body if isinstance(found.body, list) else []
        text = next((json.dumps(run) for run in runs if mark in str(run.get("run_input"))), "")
        return replace(started, text=text, read=lambda body: self._remembered(session, body))

    def run(self, who: Caller, run_id: str) -> Outcome:
        session, _ = self._places.get(run_id, (_NO_CONVERSATION, ""))
        return self.request(
            who, "GET", f"/sessions/{session}/runs/{run_id}", read=lambda body: self._remembered(session, body)
        )

    def runs(self, who: Caller, **query: Any) -> Outcome:
        """There is no list of all runs: those of each conversation are asked for."""
        threads = self.threads(who)
        if not threads.done:
            return threads
        found: list[Json] = []
        answer = threads
        for thread in threads.value.items:
            answer = self.request(who, "GET", f"/sessions/{thread.id}/runs", query=query)
            if not answer.done:
                return answer
            found += [{**run, "session_id": thread.id} for run in answer.body]
        found.sort(key=lambda run: str(run.get("created_at")), reverse=True)
        return replace(answer, method="GET", path="/sessions/*/runs", text=json.dumps(found), read=_runs)

    def cancel_run(self, who: Caller, run_id: str) -> Outcome:
        session, agent = self._places.get(run_id, (_NO_CONVERSATION, _NO_CONVERSATION))
        return self.request(
            who,
            "POST",
            f"/agents/{agent}/runs/{run_id}/cancel",
            query={"session_id": session},
            read=lambda _: self.run(who, run_id).require(),  # the answer itself is empty
        )

    def _remembered(self, session: str, body: Json) -> Run:
        run = _run({**body, "session_id": session})
        self._places[run.id] = (session, str(run.request.agent_name))
        return run

    # -- live events ------------------------------------------------------------------------------------------

    def transport(self, address: str | None = None) -> ServerSentEvents:
        base = (address or self.services["agentos"]).replace("ws", "http", 1)
        return ServerSentEvents(base, self._stream_of, id_of=_index_of)

    def _stream_of(self, wanted: Wanted) -> Request:
        headers = given(authorization=f"Bearer {wanted.token}" if wanted.token else None, origin=wanted.website)
        _, agent = self._places.get(str(wanted.run_id), ("", _NO_CONVERSATION))
        form = given(session_id=wanted.thread_id, last_event_index=wanted.last_id)
        return Request(f"/agents/{agent}/runs/{wanted.run_id}/resume", headers, form)

    # -- what the platform publishes of itself ------------------------------------------------------------------

    def is_alive(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/health")

    def documents(self) -> Mapping[str, Outcome]:
        return {"agentos": self.request(Anyone(), "GET", "/openapi.json")}


# -- what answers say -------------------------------------------------------------------------------------------


def _read_list(page: Callable[[Sequence[Json]], Page[Any]]) -> Callable[[list[Json]], Page[Any]]:
    page.reads = list  # type: ignore[attr-defined]
    return page


def _thread(body: Json) -> values.Thread:
    return values.Thread(str(body.get("session_id")), body.get("session_name"))


def _threads(body: Json) -> Page[values.Thread]:
    shown = body["meta"]
    following = str(shown["page"] + 1) if shown["page"] < shown["total_pages"] else None
    return Page([_thread(each) for each in body["data"]], following)


@_read_list
def _messages(body: Sequence[Json]) -> Page[values.Message]:
    return Page([message for run in body for message in _messages_of(run)])


def _messages_of(run: Json) -> list[values.Message]:
    """The request and the answer; what an agent says to its tools, and these to it, is not for customers."""
    found = []
    for message in run.get("messages") or ():
        said, id, run_id = str(message.get("content") or ""), str(message.get("id")), run.get("run_id")
        if message.get("role") == "user":
            found.append(values.Message(id, "user", said, None, run_id))
        elif message.get("role") == "assistant" and said:
            answer = _answer(said)
            text = str(answer.get("summary", "Done.")) if isinstance(answer, Mapping) else said
            found.append(values.Message(id, "assistant", text, answer, run_id))
    return found


@_read_list
def _agents(body: Sequence[Json]) -> Page[values.Agent]:
    return Page([values.Agent(str(each.get("id"))) for each in body])


@_read_list
def _runs(body: Sequence[Json]) -> Page[Run]:
    return Page(listed(_run)(list(body)))


def _run(body: Json) -> Run:
    stated, content = body.get("status"), str(body.get("content") or "")
    if stated not in _STATUSES:
        raise AssertionError(f"the run {body.get('run_id')} has the status {stated!r}, which no run can have")
    status = _STATUSES[stated]
    result = _answer(content) if status is RunStatus.COMPLETED else None
    return Run(
        request=RunRequest(
            id=str(body.get("run_id")),
            thread_id=body.get("session_id"),
            user_id=body.get("user_id"),
            agent_name=body.get("agent_id"),
            input=_asked(body),
            created_at=body.get("created_at"),
        ),
        status=status,
        result=result,
        error=RunError("agent_failed", content) if status is RunStatus.FAILED else None,
        is_partial=bool(result.get("partial")) if isinstance(result, Mapping) else None,
        raw=body,
    )


def _asked(body: Json) -> Any:
    asked = _answer(str(body.get("run_input") or ""))
    return asked.get("request") if isinstance(asked, Mapping) else asked


def _answer(content: str) -> Any:
    """Agents answer in JSON."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content


# -- what streams tell ------------------------------------------------------------------------------------------


def _index_of(frame: Mapping[str, str]) -> str | None:
    index = json.loads(frame.get("data") or "{}").get("event_index")
    return None if index is None else str(index)


class _Told:
    """What the stream of one run has told so far."""

    def __init__(self) -> None:
        self.index = -1
        self.events = 0
        self.is_over = False


class AgentOsDecoder:
    """Reads the frames of one user's streams: each names its run, and is numbered within it.

    The events that they stand for are numbered after them: a frame that is missing leaves a gap, one that comes twice
    a step back.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _Told] = {}

    def decode(self, text: str) -> Sequence[Event | StreamControl]:
        """One frame; ValueError for one that makes no sense."""
        frame = json.loads(text)
        data = json.loads(frame.get("data") or "null")
        if not isinstance(data, dict) or not isinstance(data.get("event"), str):
            raise ValueError(f"not an event: {text[:200]}")
        if data["event"] in _ABOUT_THE_STREAM:
            return []
        run_id, index = data.get("run_id"), data.get("event_index")
        if run_id is None or index is None:
            raise ValueError(f"not an event of a run: {text[:200]}")
        told = self._runs.setdefault(run_id, _Told())
        told.events += index - told.index - 1
        told.index = index
        found = []
        for type, payload in _events(told, data):
            told.events += 1
            found.append(
                Event(
                    type,
                    run_id,
                    data.get("session_id"),
                    data.get("agent_id"),
                    run_sequence=told.events,
                    payload=payload,
                    is_timed=False,
                )
            )
        return found


def _events(told: _Told, data: Json) -> list[tuple[str, dict[str, Any]]]:
    match data["event"]:
        case "RunStarted":
            return [("agent_started", {})]
        case "RunContent" if data.get("reasoning_content"):
            return [("agent_thinking", {"thought": data["reasoning_content"]})]
        case "ToolCallStarted":
            return [("tool_executing", {**_call(data), "parameters": data["tool"].get("tool_args") or {}})]
        case "ToolCallCompleted":  # one that failed is told a second time, as ToolCallError
            return [("tool_completed", _completed(data))]
        case "CustomEvent" if "done" in data:
            report = {name: data.get(name) for name in ("message", "done", "total")}
            return [("tool_progress", {"call_id": data.get("tool_call_id"), **report})]
        case "RunCompleted" | "RunCancelled" | "RunError" if not told.is_over:  # a cancelled run is completed, too
            told.is_over = True
            return [_end(data)]
    return []


def _call(data: Json) -> dict[str, Any]:
    return {"call_id": data["tool"].get("tool_call_id"), "tool_name": data["tool"].get("tool_name")}


def _completed(data: Json) -> dict[str, Any]:
    tool = data["tool"]
    said, seconds = _answer(str(tool.get("result") or "")), (tool.get("metrics") or {}).get("duration")
    taken = {**_call(data), **given(duration_seconds=seconds)}
    if not tool.get("tool_call_error"):
        return {**taken, "outcome": "succeeded", "result": said, "error": None}
    # In its own words it says nothing of a retry.
    error = said if isinstance(said, Mapping) else {"code": "tool_failed", "message": said, "recoverable": False}
    return {**taken, "outcome": "failed", "result": None, "error": error}


def _end(data: Json) -> tuple[str, dict[str, Any]]:
    match data["event"]:
        case "RunCompleted":
            answer = _answer(str(data.get("content") or ""))
            partial = isinstance(answer, Mapping) and bool(answer.get("partial"))
            return "agent_completed", {"answer": answer, "partial": partial}
        case "RunCancelled":
            return "agent_cancelled", {}
    return "agent_error", {"code": "agent_failed", "message": data.get("content")}
