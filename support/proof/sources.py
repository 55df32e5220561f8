"""What the result of a proof depends on: a digest over the files behind a scenario, a service and a defect."""

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from support.proof.catalogue import SERVICES, Defect

# What plays every scenario; it is loaded by name or started, so no import leads there from the steps.
_ALWAYS = (
    "support/run",
    "support/stack",
    "targets",
    "support/load",
    "support/spoiling",
    "environment.py",
    "behave.ini",
)
_SETTINGS = ("requirements.txt", "support/scenario/budgets.toml")
_CODE = frozenset((".py", ".toml", ".json", ".sql", ".ini", ".mako"))


class Sources:
    """The files of a checkout, and who needs which."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._digest_of = cache(self._digest)
        self._imported_by = cache(self._imports)
        self._platform = list(self._files("apex"))
        self._catalogue = list(self._files("defects"))

    def of_everything(self) -> str:
        """The digest over the platform and everything that plays scenarios."""
        played = [path for place in ("features", "steps", "support", "targets") for path in self._files(place)]
        return self._over([*self._platform, *played, "environment.py"])

    def of_control(self, scenario: Any, modules: Iterable[str]) -> str:
        """The digest for a scenario on the sound platform; `modules`: the files that its steps are in."""
        return self._over([*self._platform, *self._played(scenario, modules)])

    def of_defect(self, defect: Defect, scenarios: Iterable[Any], modules: Iterable[str]) -> str:
        """The digest for a defect: its own module, the service's sources, its scenario with everything behind it."""
        others = tuple(f"apex/{name}/" for name in SERVICES if name != defect.service)
        own = [path for path in self._platform if not path.startswith(others)]
        seeded = [path for path in self._catalogue if self._seeds(path, defect.id)]
        played = [path for scenario in scenarios for path in self._played(scenario, modules)]
        return self._over([*own, *seeded, *played], f"{defect.id}\0{defect.scenario}\0{defect.step}")

    def _seeds(self, path: str, id: str) -> bool:
        name = path.rpartition("/")[2]
        return name.startswith("_") or f'"{id}"' in (self._checkout / path).read_text(encoding="utf-8")

    def _played(self, scenario: Any, modules: Iterable[str]) -> list[str]:
        always = [path for place in _ALWAYS for path in self._files(place)]
        words = [path for path in self._files("steps") if path.rpartition("/")[2].startswith("_")]
        roots = [*always, *words, *modules]
        return [str(scenario.filename), *_SETTINGS, *self._behind(roots)]

    def _behind(self, roots: Iterable[str]) -> set[str]:
        """The files and everything of the suite that they import, and what that imports in turn."""
        found: set[str] = set()
        left = list(roots)
        while left:
            path = left.pop()
            if path not in found:
                found.add(path)
                left += self._imported_by(path)
        return found

    def _imports(self, path: str) -> tuple[str, ...]:
        if not path.endswith(".py"):
            return ()
        tree = ast.parse((self._checkout / path).read_bytes())
        return tuple(file for name in _imported(tree) if (file := self._file_of(name)) is not None)

    def _file_of(self, name: str) -> str | None:
        if not name.startswith("support."):
            return None
        path = name.replace(".", "/")
        return next((file for file in (f"{path}.py", f"{path}/__init__.py") if (self._checkout / file).is_file()), None)

    def _files(self, place: str) -> Iterator[str]:
        """What lies there, except in environments: what is installed there is pinned by what lies beside them."""
        start = self._checkout / place
        if start.is_file():
            yield place
        for path, folders, names in os.walk(start):
            folders[:] = [name for name in folders if name != ".venv"]
            found = (Path(path, name) for name in names if Path(name).suffix in _CODE)
            yield from (str(file.relative_to(self._checkout)) for file in found)

    def _over(self, paths: Iterable[str], more: str = "") -> str:
        digest = hashlib.sha256(more.encode())
        for path in sorted(set(paths)):
            digest.update(f"{path}\0{self._digest_of(path)}\0".encode())
        return digest.hexdigest()

    def _digest(self, path: str) -> str:
        return hashlib.sha256((self._checkout / path).read_bytes()).hexdigest()


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
