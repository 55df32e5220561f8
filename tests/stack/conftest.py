"""Stacks for the tests: their own base directory, and small sets of services so that they are quick."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions

MakeOptions = Callable[..., StackOptions]
Checkout = Callable[[dict[str, bytes]], Path]


def _base() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="stack-tests-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    """A base directory of its own, whose caches all tests of the session share; every user may look into it."""
    yield from _base()


@pytest.fixture
def fresh_base() -> Iterator[Path]:
    """A base directory in which nothing is cached yet."""
    yield from _base()


@pytest.fixture
def options(base: Path, tmp_path: Path) -> MakeOptions:
    """Makes options for a stack of the named services."""

    def make(*services: str, **changes: Any) -> StackOptions:
        given: dict[str, Any] = {"checkout": CHECKOUT, "log_dir": tmp_path / "logs", "base_dir": base}
        return StackOptions(**(given | {"only": frozenset(services)} | changes))

    return make


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with the suite's library and files of one's own, which come before installed packages."""

    def make(files: dict[str, bytes], targets: bool = True) -> Path:
        root = tmp_path / "checkout"
        root.mkdir()
        (root / "support").symlink_to(CHECKOUT / "support")
        if targets:
            (root / "targets").symlink_to(CHECKOUT / "targets")
        # Without it, it would be a mere addition to the package of the checkout that the tests are of.
        for name, content in ({"apex/__init__.py": b""} | files).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755)
        return root

    return make


@pytest.fixture(scope="module")
def small_stack(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Redis, the partner and ClickHouse, for tests that leave them as they were."""
    options = StackOptions(
        checkout=CHECKOUT,
        log_dir=tmp_path_factory.mktemp("logs"),
        base_dir=base,
        only=frozenset(("redis", "partner", "clickhouse")),
    )
    with Stack.start(options, progress=lambda _: None) as stack:
        yield stack
