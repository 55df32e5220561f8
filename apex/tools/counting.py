"""Counting what a call reads, wherever it reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_sizes: ContextVar[list[int] | None] = ContextVar("sizes", default=None)


@contextmanager
def counting_bytes() -> Iterator[list[int]]:
    """Within it, the sizes (bytes) of the bodies that are read are collected in the list."""
    sizes: list[int] = []
    token = _sizes.set(sizes)
    try:
        yield sizes
    finally:
        _sizes.reset(token)


def count_bytes(size: int) -> None:
    """A body of that many bytes was read."""
    sizes = _sizes.get()
    if sizes is not None:
        sizes.append(size)
