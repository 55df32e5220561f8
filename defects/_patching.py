"""How a defect puts something else in the place of what is there."""

from typing import Any


def replace(owner: Any, name: str, replacement: Any) -> Any:
    """Put ``replacement`` in place of ``name`` in a module or class; returns what was there."""
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original
