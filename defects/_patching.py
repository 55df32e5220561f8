"""How a defect puts something else in the place of what is there."""

import sys
from collections.abc import Callable
from typing import Any

_REPLACED: list[Any] = []
"""What was there before it was replaced in this process."""


def replace(owner: Any, name: str, replacement: Any) -> Any:
    """Put ``replacement`` in place of ``name`` in a module or class; returns what was there."""
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    _REPLACED.append(original)
    return original


def left(package: str) -> list[str]:
    """Where loaded modules of the package still have what was replaced: those that have imported it by its name."""
    replaced = [original for original in _REPLACED if callable(original)]
    return sorted(
        f"{module.__name__}.{there}"
        for module in list(sys.modules.values())
        if f"{module.__name__}.".startswith(f"{package}.")
        for there, value in list(vars(module).items())
        for original in replaced
        if value is original
    )


def around(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put the decorated function around ``name`` in a module or class: it receives the original, then the arguments."""

    def put(wrapper: Callable[..., Any]) -> None:
        def wrapped(*arguments: Any, **others: Any) -> Any:
            return wrapper(original, *arguments, **others)

        original = replace(owner, name, wrapped)

    return put
