"""How a defect puts something else in the place of what is there."""

from collections.abc import Callable
from typing import Any


def replace(owner: Any, name: str, replacement: Any) -> Any:
    """Put ``replacement`` in place of ``name`` in a module or class; returns what was there."""
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original


def around(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put the decorated function around ``name`` in a module or class: it receives the original, then the arguments."""

    def put(wrapper: Callable[..., Any]) -> None:
        def wrapped(*arguments: Any, **others: Any) -> Any:
            return wrapper(original, *arguments, **others)

        original = replace(owner, name, wrapped)

    return put
