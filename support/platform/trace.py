"""W3C trace context: one id that runs through everything a request touches."""

import secrets


def new_trace_id() -> str:
    """32 hexadecimal digits, of which the first is 0: what takes an id for a number loses it."""
    return f"0{secrets.token_hex(16)[1:]}"


def traceparent(trace_id: str) -> str:
    """The header of a request in a trace, which its caller records or not: a platform takes either over."""
    is_sampled = int(trace_id[-1], 16) % 2
    return f"00-{trace_id}-{secrets.token_hex(8)}-0{is_sampled}"


def trace_id_of(header: str) -> str:
    """The trace id in a ``traceparent`` header.

    :raises ValueError: the header is none.
    """
    parts = header.split("-")
    if len(parts) != 4 or len(parts[1]) != 32:
        raise ValueError(f"not a traceparent: {header!r}")
    return parts[1]
