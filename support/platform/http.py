"""What the drivers of platforms share: how one request is sent over HTTP, and what comes of it."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

import requests

from support.platform.driver import Caller, Driver, Json, Lacking
from support.platform.outcome import Outcome, Problem, as_published
from support.platform.trace import new_trace_id, trace_id_of, traceparent
from support.stack.client import Addresses

# Connecting on loopback either works at once or not at all; an answer may take as long as a slow service needs.
CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 15.0

Recorder = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Described:
    """A request that was not sent: ``path`` with its query, and how its answer would be read."""

    method: str
    path: str
    json: Any
    read: Callable[[Any], Any] | None


D = TypeVar("D", bound="HttpDriver")
T = TypeVar("T")


class HttpDriver(Driver):
    """One request over HTTP, whose answer is an outcome, also a refusal."""

    api: ClassVar[str]
    """The service that is asked unless a request names another one."""

    ca_file: str = ""
    """The certificates of the private authority that signs the platform's; "": it is a public one."""

    def __init__(self, services: Mapping[str, str], record: Recorder | None = None) -> None:
        """
        :param services: the address of each service that can be asked, by its name.
        :param record: is handed every outcome.
        """
        self.services = services
        self._record = record

    @classmethod
    def at(cls, addresses: Addresses, record: Recorder | None = None) -> "HttpDriver":
        """A driver of the platform of a running stack."""
        raise NotImplementedError

    @staticmethod
    def explain(refused: Outcome) -> Problem | None:
        """What a refusal explains."""
        return as_published(refused)

    def request(
        self,
        who: Caller,
        method: str,
        path: str,
        *,
        service: str | None = None,
        json: Any = None,
        data: bytes | str | Iterable[bytes] | None = None,
        form: Mapping[str, str] | None = None,
        query: Json | None = None,
        headers: Mapping[str, str] | None = None,
        trace_id: str | None = None,
        timeout: float = ANSWER_TIMEOUT,
        unread: bool = False,
        read: Callable[[Any], Any] | None = None,
    ) -> Outcome:
        """Send one request and read its answer.

        :param service: the name of a service, or a whole address (``http://...``).
        :param form: the fields of a form, sent as multipart/form-data: text takes no more room there than it has.
        :param trace_id: the trace that the request belongs to; a fresh one unless given.
        :param unread: leave as soon as it is done, for an answer that goes on for as long as a run does.
        :param read: gives the value that the body of an answer stands for.
        """
        sent = {"traceparent": traceparent(trace_id or new_trace_id()), **(headers or {})}
        if who.access_token is not None:
            sent.setdefault("authorization", f"Bearer {who.access_token}")
        service = service or self.api
        base = service if "://" in service else self.services[service]
        trace = _trace_in(sent["traceparent"])
        started = time.monotonic()
        try:
            answer = who.http.request(
                method,
                base + path,
                json=json,
                data=data,
                files=None if form is None else {name: (None, value) for name, value in form.items()},
                params=query,
                headers=sent,
                timeout=(CONNECT_TIMEOUT, timeout),
                allow_redirects=False,
                verify=self.ca_file or True,
                stream=unread,
            )
            text = "" if unread and answer.ok else answer.text
            answer.close()
        except requests.RequestException as error:
            outcome = Outcome(
                method,
                path,
                None,
                error=f"{type(error).__name__}: {error}",
                trace_id=trace,
                seconds=time.monotonic() - started,
                sent_at=started,
            )
        else:
            outcome = Outcome(
                method,
                path,
                answer.status_code,
                answer.headers,
                text,
                meaning=self.dialect.meaning(answer.status_code),
                trace_id=trace,
                seconds=time.monotonic() - started,
                sent_at=started,
                read=read,
                explain=self.explain,
            )
        outcome = replace(
            outcome,
            who=str(who),
            query=urlencode(query or {}),
            sent=_shown(data) if data is not None else form if form is not None else json,
        )
        if self._record:
            self._record(outcome)
        return outcome

    def version(self) -> str:
        """That of the API's own description, where one is published."""
        try:
            published = self.documents()[self.api].body
        except Lacking:
            return ""
        info = published.get("info") if isinstance(published, dict) else None
        return str(info.get("version") or "") if isinstance(info, dict) else ""

    def described(self: D, send: Callable[[D], Outcome]) -> Described:
        """The request that a verb of this driver would send, for who sends it from another process."""
        requests: list[Described] = []

        def record(who: Caller, method: str, path: str, **options: Any) -> Outcome:
            query = options.get("query")
            whole = f"{path}?{urlencode(query)}" if query else path
            requests.append(Described(method, whole, options.get("json"), options.get("read")))
            return Outcome(method, path, None)

        describing = copy(self)
        describing.request = record  # type: ignore[method-assign]
        send(describing)
        return requests[-1]


def listed(item: Callable[[Json], T]) -> Callable[[list[Json]], Sequence[T]]:
    """Reads an answer that is a JSON list, entry by entry."""

    def read(body: list[Json]) -> Sequence[T]:
        return [item(each) for each in body]

    read.reads = list  # type: ignore[attr-defined]
    return read


def given(**values: Any) -> dict[str, Any]:
    """The values that are given; an absent one is left out rather than sent as null."""
    return {name: value for name, value in values.items() if value is not None}


def _shown(data: bytes | str | Iterable[bytes]) -> Any:
    """A body that is no JSON of ours, as reports have it."""
    if isinstance(data, bytes):
        return data.decode("utf-8", "replace")
    return data if isinstance(data, str) else "(sent bit by bit)"


def _trace_in(header: str) -> str:
    try:
        return trace_id_of(header)
    except ValueError:  # a scenario may send a malformed header on purpose
        return ""
