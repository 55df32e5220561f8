"""Finding the agents and tools of plugins: entry points, and modules in the configured directory."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any


def find(kind: type, group: str, directory: Path | None) -> Iterator[Any]:
    """An instance of each concrete subclass of ``kind`` that plugins define.

    ``group``: entry points name either a class or a module. ``directory``: every ``*.py`` in it is a plugin.
    """
    for entry in entry_points(group=group):
        found = entry.load()
        for plugin in _classes(kind, found) if isinstance(found, ModuleType) else [found]:
            yield plugin()
    if directory is not None:
        for path in sorted(directory.glob("*.py")):
            for plugin in _classes(kind, _module(path)):
                yield plugin()


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"apex_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    # Whoever resolves the annotations of its classes looks for their module there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _classes(kind: type, module: ModuleType) -> list[type]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, kind) and not inspect.isabstract(member) and member.__module__ == module.__name__
    ]
