"""Modes of a target: other settings of the same platform, and what it can do with these.

``[modes.<name>]`` of ``target.toml``: ``settings`` and ``limits`` are added to those of the target, or replace them;
``capabilities`` are what the platform has besides, ``without`` what it lacks.
"""

from __future__ import annotations

from typing import Any

_ENTRIES = {"settings", "limits", "capabilities", "without"}


def in_mode(target: dict[str, Any], mode: str) -> dict[str, Any]:
    """What a target's description says in one of its modes; "" is none of them.

    :raises ValueError: there is no such mode, or it says something unknown; one line.
    """
    if not mode:
        return target
    modes = target.get("modes", {})
    if mode not in modes:
        there = f"use one of: {', '.join(sorted(modes))}" if modes else "this target has none"
        raise ValueError(f"there is no mode {mode!r}; {there}")
    changes = modes[mode]
    if unknown := sorted(changes.keys() - _ENTRIES):
        raise ValueError(f"modes.{mode}: {unknown[0]} is unknown; there are {', '.join(sorted(_ENTRIES))}")
    merged: dict[str, Any] = {
        name: {**target.get(name, {}), **changes.get(name, {})} for name in ("settings", "limits")
    }
    if "capabilities" in changes or "without" in changes:
        lost = set(changes.get("without", ()))
        kept = [name for name in target["capabilities"] if name not in lost]
        merged["capabilities"] = [*kept, *changes.get("capabilities", ())]
    return {**target, **merged}


def turned_on_in(target: dict[str, Any]) -> dict[str, str]:
    """The capabilities that a target has in some of its modes alone, each with how it is turned on."""
    found: dict[str, str] = {}
    for mode, changes in target.get("modes", {}).items():
        for name in changes.get("capabilities", ()):
            if name not in target["capabilities"]:
                found.setdefault(name, f"-D mode={mode} has it")
    return found
