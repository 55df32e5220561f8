"""What the HTTP side of every service has in common: request context, problems, health, metrics."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import structlog
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apex import __version__
from apex.config.live import Configuration
from apex.http import problems
from apex.http.bodies import Bodies
from apex.http.buckets import Buckets
from apex.http.fair_use import FairUse
from apex.http.identity import Caller, acting_as
from apex.http.methods import HeadAsGet
from apex.http.routing import Repeating
from apex.runtime.discovery import Heartbeat, Registry
from apex.runtime.mesh import Mesh, instance_of
from apex.runtime.telemetry import span, traceparent
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.stream import synchronous

log = structlog.get_logger()

REQUEST_SECONDS = Histogram(
    "apex_http_request_seconds", "Time to answer a request", ["service", "method", "route", "status"]
)
_CHECK_SECONDS = 2.0
# Who waits for a database connection waits in a thread: threads must not run out before that wait has a limit.
_THREADS = 400


@dataclass
class Process:
    """One running process of the platform: who it is and how it was started.

    ``background`` says of each work beside the requests, by its name, whether it still goes on.
    """

    service: str
    instance: str
    configuration: Configuration
    defects: list[str] = field(default_factory=list)
    background: dict[str, Callable[[], bool]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """What it runs on now."""
        return self.configuration.settings

    def redis_url(self) -> str:
        """Where Redis is, with the password of the moment."""
        return self.settings.redis.url.get_secret_value()


class RunningConfiguration(BaseModel):
    """What a process runs on. ``refused``: why the files, as they are now, are not taken over, by key;
    ``restart_needed``: the keys of which it uses an older value.
    """

    version: str
    checksum: str
    refused: dict[str, str]
    restart_needed: list[str]


class Health(BaseModel):
    """A probe's answer; ``checks`` says of each dependency whether it answers, ``replication`` whether a replica
    follows the database (None where there is to be none, or nobody was asked).
    """

    status: str
    service: str
    instance: str
    version: str
    environment: str
    deployment: str
    defects: list[str]
    configuration: RunningConfiguration
    checks: dict[str, str]
    replication: Literal["replicated", "unreplicated"] | None = None


class MeshInstance(BaseModel):
    """A process of a service: where it is reached, where it tells its health, and how long that may take."""

    name: str
    url: str
    health_path: str
    timeout_seconds: float


class MeshView(BaseModel):
    """The processes of the platform, by their services."""

    services: dict[str, list[MeshInstance]]


class Dependencies:
    """What a service depends on, each asked in a thread of its own: one that hangs says nothing of the others."""

    def __init__(self, checks: Mapping[str, Callable[[], object]]) -> None:
        self._checks = checks
        self._pool = ThreadPoolExecutor(max(len(checks), 1), thread_name_prefix="health")
        self._asked: dict[str, Future[object]] = {}
        self._lock = threading.Lock()

    def results(self, seconds: float) -> dict[str, str]:
        """Of each: "ok", "failing" (its check raised) or "no answer" within ``seconds``.

        One that still owes an answer is not asked again, so that there is always a thread for each.
        """
        with self._lock:
            for name, check in self._checks.items():
                if name not in self._asked or self._asked[name].done():
                    self._asked[name] = self._pool.submit(check)
            asked = dict(self._asked)
        deadline = time.monotonic() + seconds
        return {name: self._result(name, answer, deadline - time.monotonic()) for name, answer in asked.items()}

    @staticmethod
    def _result(name: str, answer: Future[object], seconds: float) -> str:
        wait([answer], timeout=max(seconds, 0))
        if not answer.done():
            return "no answer"
        error = answer.exception()
        if error is not None:
            log.warning("not ready", check=name, reason=type(error).__name__)
        return "ok" if error is None else "failing"


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    process: Process,
    title: str,
    database: Database,
    checks: Mapping[str, Callable[[], object]],
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """A FastAPI application with what every service has. A check raises when its dependency does not answer; that the
    database does is always asked.

    ``state.registration`` is how the others find it from its start on.
    """
    registration = instance_of(process.service, process.instance, process.configuration)
    store = synchronous(process.redis_url)
    registry = Registry(store, process.service, process.settings.discovery)
    mesh = Mesh(store, process.settings, Heartbeat(registry, registration))

    @asynccontextmanager
    async def in_mesh(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = _THREADS
        mesh.start()
        process.background["mesh"] = mesh.goes_on
        async with lifespan(app) if lifespan else nullcontext():
            yield
        await run_in_threadpool(mesh.close)

    app = FastAPI(
        lifespan=in_mesh,
        title=title,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        # It leads to whatever host the caller has named.
        redirect_slashes=False,
        responses=problems.RESPONSES,
    )
    app.router.route_class = Repeating
    app.state.process = process
    app.state.registration = registration
    app.state.buckets = Buckets(process.redis_url)
    app.state.fair_use = FairUse(process.settings.rate_limits, app.state.buckets)
    problems.install(app)
    app.add_middleware(Bodies, limits=process.settings.requests)
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestContext, service=process.service)
    replication = {"replication": database.check_replicated} if process.settings.database.replica else {}
    dependencies = Dependencies({"database": database.check, **replication, **checks})

    def report(results: dict[str, str]) -> Health:
        replicated = results.pop("replication", None)
        bad = any(result != "ok" for result in results.values())
        return Health(
            status="not_ready" if bad else "ready",
            service=process.service,
            instance=process.instance,
            version=__version__,
            environment=process.settings.environment,
            deployment=process.settings.deployment,
            defects=process.defects,
            configuration=_running(process.configuration),
            checks=results,
            # A platform without its replica serves, and can afford no further loss.
            replication=replicated and ("replicated" if replicated == "ok" else "unreplicated"),
        )

    @app.get("/health/live", tags=["health"], responses={503: {"model": Health}})
    async def live(response: Response) -> Health:
        """The process itself works, and so does what it does in the background; says nothing of its dependencies."""
        health = report({name: "ok" if goes_on() else "ended" for name, goes_on in process.background.items()})
        response.status_code = 200 if health.status == "ready" else 503
        return health

    @app.get("/health/ready", tags=["health"], responses={503: {"model": Health}})
    def ready(response: Response) -> Health:
        """Every dependency answers within two seconds."""
        health = report(dependencies.results(_CHECK_SECONDS))
        response.status_code = 200 if health.status == "ready" else 503
        return health

    @app.get("/health/startup", tags=["health"], responses={503: {"model": Health}})
    def startup(response: Response) -> Health:
        """The start is complete: the application listens only after its start-up phases, so reaching it suffices."""
        return report({})

    @app.get("/v1/operations/mesh", tags=["operations"])
    def instances(identity: Caller) -> MeshView:
        """The processes of the platform as this one knows them, by their services (operators)."""
        with acting_as(database, identity, "platform:operate"):
            pass
        services = {
            service: [MeshInstance.model_validate(asdict(instance)) for instance in known]
            for service, known in mesh.known.items()
        }
        return MeshView(services=services)

    @app.get("/metrics", tags=["health"], response_class=Response)
    async def metrics() -> Response:
        """Prometheus metrics."""
        # Without a thread, of which there may be none free when these are needed most.
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def _running(configuration: Configuration) -> RunningConfiguration:
    return RunningConfiguration(
        version=configuration.version,
        checksum=configuration.checksum,
        # Where the files lie is for the log alone.
        refused={fault.key or Path(fault.source).name: fault.reason for fault in configuration.refused},
        restart_needed=list(configuration.restart_needed),
    )


class RequestContext:
    """Gives each request its id and span, answers with both, and logs it with its duration."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in (b"traceparent", b"x-request-id")}
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if 0 < len(given) <= 100 and given.isascii() and given.isprintable() else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        parent = headers.get(b"traceparent", b"").decode("latin-1")
        started, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    (b"traceparent", traceparent().encode()),
                ]
            await send(message)

        with span(scope["path"], parent, request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                if scope["type"] != "http" or status:
                    raise
                await problems.unexpected(request_id, error)(scope, receive, answer)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["type"] != "http":
            return
        route = getattr(scope.get("route"), "path", "unknown")
        REQUEST_SECONDS.labels(self._service, scope["method"], route, status).observe(seconds)
        if not route.startswith(("/health", "/metrics")):
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                duration_seconds=round(seconds, 6),
            )
