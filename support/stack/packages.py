"""Finding the Python packages that bring the services' programs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from support.stack.errors import StackError


def package_directory(module: str, distribution: str, needed_by: str) -> Path:
    """Where the package lies, without importing it; StackError when it is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"{needed_by} needs the package {distribution}, which is not installed; run bin/acceptance")
    return Path(spec.submodule_search_locations[0])


def package_version(distribution: str) -> str:
    """The installed version."""
    return importlib.metadata.version(distribution)
