"""Structured logs, W3C trace context and the request's identity in both.

A log line is one JSON object. ``tenant_id``, ``user_id``, ``run_id`` and ``request_id`` come from the context of the
work at hand, ``trace_id`` and ``span_id`` from the current span.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import bound_contextvars

_SAID_BETTER = ("ASGI callable returned without completing handshake", "Invalid HTTP request received")
_propagator = TraceContextTextMapPropagator()
_tracer = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False).get_tracer("apex")


def configure_logs(service: str, instance: str, level: str) -> None:
    """Send every log line of this process, also the libraries', to standard output as JSON."""

    def add_origin(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["instance"] = service, instance
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = format(context.trace_id, "032x")
            event["span_id"] = format(context.span_id, "016x")
        return event

    # Without the frames' variables: among them are passwords, tokens and connection strings.
    tracebacks = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    shared: list[structlog.typing.Processor] = [
        _level.drop_below,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_origin,
    ]
    structlog.configure(
        processors=[*shared, tracebacks, structlog.processors.JSONRenderer()],
        # What is below the level of the moment is dropped by the first processor.
        wrapper_class=structlog.make_filtering_bound_logger("debug"),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                tracebacks,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # uvicorn says so of every socket, and every request, that was refused with an answer of its own.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not record.getMessage().startswith(_SAID_BETTER))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    set_log_level(level)


_NUMBERS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class _Level:
    """The level from which on lines are written, which may change while loggers are in use."""

    def __init__(self) -> None:
        self.number = logging.INFO

    def drop_below(self, _: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if _NUMBERS.get(method, logging.CRITICAL) < self.number:
            raise structlog.DropEvent
        return event


_level = _Level()


def set_log_level(level: str) -> None:
    """Write lines from this level on ("debug", "info", "warning" or "error")."""
    _level.number = logging.getLevelName(level.upper())
    # Libraries speak up from warning on: their chatter at lower levels repeats requests with their headers.
    logging.getLogger().setLevel(max(logging.WARNING, _level.number))


@contextmanager
def span(name: str, traceparent: str | None = None, **fields: str | None) -> Iterator[None]:
    """Work under a new span of the given trace (or of a new one), ``fields`` on every log line."""
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with (
        _tracer.start_as_current_span(name, context=parent, record_exception=False),
        bound_contextvars(**fields),
    ):
        yield


def traceparent() -> str:
    """The current span as a W3C ``traceparent`` header; empty outside of one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")


def trace_id() -> str:
    """The current trace's id, 32 hexadecimal digits."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")


def request_id() -> str:
    """The id of the request at hand; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
