"""What drivers of platforms share: who calls, where the services are, and how one request is sent.

A driver says in one platform's API what scenarios ask of any; see ``support/platform/drivers``.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import requests

from support.platform.dialect import Dialect
from support.platform.outcome import Outcome
from support.platform.trace import new_trace_id, trace_id_of, traceparent

# Connecting on loopback either works at once or not at all; an answer may take as long as a slow service needs.
CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 15.0

Json = Mapping[str, Any]
Recorder = Callable[[Outcome], None]


class Caller(Protocol):
    """Who asks: a user with a session of their own, or nobody (no token)."""

    @property
    def access_token(self) -> str | None: ...

    @property
    def http(self) -> requests.Session: ...


def straight() -> requests.Session:
    """Lines straight to the platform: what the environment says of proxies and of other credentials is not for them.

    It would also be read anew for each request, which takes a fifth of its time.
    """
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(slots=True)
class Anyone:
    """A caller who is no user of the platform, with whatever token was picked up somewhere."""

    access_token: str | None = None
    http: requests.Session = field(default_factory=straight)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a platform's services are. ``events`` is the WebSocket address of the live stream."""

    auth: str
    backend: str
    events: str
    analytics: str


@dataclass(frozen=True, slots=True)
class Described:
    """A request that was not sent: ``path`` with its query."""

    method: str
    path: str
    json: Any


D = TypeVar("D", bound="HttpDriver")


class HttpDriver:
    """What the drivers of all platforms share: one request over HTTP, whose answer is an outcome, also a refusal."""

    def __init__(self, endpoints: Endpoints, dialect: Dialect | None = None, record: Recorder | None = None) -> None:
        self.endpoints = endpoints
        self.dialect = dialect or Dialect()
        self._record = record

    def request(
        self,
        who: Caller,
        method: str,
        path: str,
        *,
        service: str = "backend",
        json: Any = None,
        data: bytes | str | Iterable[bytes] | None = None,
        query: Json | None = None,
        headers: Mapping[str, str] | None = None,
        trace_id: str | None = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Outcome:
        """Send one request and read its answer.

        :param service: ``auth``, ``backend``, ``analytics``, or a whole address (``http://...``).
        :param trace_id: the trace that the request belongs to; a fresh one unless given.
        """
        sent = {"traceparent": traceparent(trace_id or new_trace_id()), **(headers or {})}
        if who.access_token is not None:
            sent.setdefault("authorization", f"Bearer {who.access_token}")
        base = service if "://" in service else getattr(self.endpoints, service)
        started = time.monotonic()
        trace = _trace_in(sent["traceparent"])
        try:
            answer = who.http.request(
                method,
                base + path,
                json=json,
                data=data,
                params=query,
                headers=sent,
                timeout=(CONNECT_TIMEOUT, timeout),
                allow_redirects=False,
            )
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
                answer.text,
                meaning=self.dialect.meaning(answer.status_code),
                trace_id=trace,
                seconds=time.monotonic() - started,
                sent_at=started,
            )
        if self._record:
            self._record(outcome)
        return outcome

    def described(self: D, send: Callable[[D], Outcome]) -> Described:
        """The request that a verb of this driver would send, for who sends it from another process."""
        requests: list[Described] = []

        def record(who: Caller, method: str, path: str, **options: Any) -> Outcome:
            query = options.get("query")
            requests.append(Described(method, f"{path}?{urlencode(query)}" if query else path, options.get("json")))
            return Outcome(method, path, None)

        describing = copy(self)
        describing.request = record  # type: ignore[method-assign]
        send(describing)
        return requests[-1]


def _trace_in(header: str) -> str:
    try:
        return trace_id_of(header)
    except ValueError:  # a scenario may send a malformed header on purpose
        return ""
