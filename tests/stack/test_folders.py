"""Whatever folders are called and however guarded they are: a stack starts, or one line says what to do."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.stack import directories
from support.stack.client import Stack, StackError
from support.stack.directories import base_directory
from tests.stack.conftest import MakeOptions
from tests.stack.traces import nothing_is_left

# What Jenkins, desktops and people make of names.
ODD = "-a%2Fb %s #1;x&y=z@ü{(é)}[!]~ it's"
ODDER = f'{ODD} $HOME "q", \\ ?*`:\n.'
STORES = ("postgres-primary", "postgres-replica", "redis", "clickhouse", "cloud", "partner")
AND_WHAT_TO_DO = r"; (remove it or )?set TMPDIR to another folder, for example TMPDIR=/tmp$"


@pytest.fixture
def umask() -> Iterator[None]:
    """Puts the file mode mask back that a test changed."""
    earlier = os.umask(0o022)
    yield
    os.umask(earlier)


def test_every_service_starts_in_a_temporary_folder_of_any_name(options: MakeOptions, fresh_base: Path):
    base = fresh_base / ODD
    with Stack.start(options(*STORES, base_dir=base), progress=lambda _: None) as stack:
        assert {status.state for status in stack.services()} == {"ready"}
        stack.restart("redis")
    nothing_is_left(base, within=0)


def test_the_platform_starts_in_a_checkout_of_any_name(options: MakeOptions, base: Path, tmp_path: Path):
    checkout = tmp_path / ODDER
    for part in ("apex", "support", "targets"):
        shutil.copytree(CHECKOUT / part, checkout / part, ignore=shutil.ignore_patterns(".venv"))
    given = options(*STORES, "auth", "backend", "worker-1", checkout=checkout, log_dir=checkout / "reports" / "logs")
    with Stack.start(given, progress=lambda _: None) as stack:
        assert {status.state for status in stack.services() if status.twin is None} == {"ready"}
    nothing_is_left(base, within=0)


def test_a_checkout_whose_name_is_no_text(options: MakeOptions, tmp_path: Path):
    checkout = Path(os.fsdecode(os.fsencode(tmp_path) + b"/latin-\xe9"))
    with pytest.raises(StackError, match=r"the name of the folder .* is not UTF-8; give it another$"):
        Stack.start(options("redis", checkout=checkout), progress=lambda _: None)


@pytest.mark.parametrize("mask", [0o077, 0o000, 0o022])
def test_any_file_mode_mask(options: MakeOptions, fresh_base: Path, tmp_path: Path, umask: None, mask: int):
    os.umask(mask)
    base = base_directory(fresh_base / "base")
    with Stack.start(options("postgres-primary", base_dir=base), progress=lambda _: None) as stack:
        stack.wait_ready("postgres-primary")
        for secret in ("apex/apex.toml", "owner.json", "control.sock", "primary/data/pg_hba.conf"):
            assert (stack.addresses.run_dir / secret).stat().st_mode & 0o077 == 0, secret


@pytest.mark.parametrize("name", ["$HOME", "`a`", "a,b", 'a"b', "a\\b", "a?b", "two\nlines", "latin-\udce9"])
def test_a_name_that_services_would_misread(fresh_base: Path, name: str):
    with pytest.raises(StackError, match=f"in its name, which not all services take{AND_WHAT_TO_DO}") as told:
        base_directory(fresh_base / name)
    assert "\n" not in str(told.value)
    str(told.value).encode()


def test_a_path_that_is_too_long_for_sockets(options: MakeOptions, fresh_base: Path):
    room = 107 - len("/runs/01234567/primary/.s.PGSQL.65535") - len(str(fresh_base)) - 1
    # Bytes count, not letters.
    with pytest.raises(StackError, match=f"is too long a path for sockets .*{AND_WHAT_TO_DO}"):
        base_directory(fresh_base / ("é" * (room // 2 + 1)))
    longest = base_directory(fresh_base / ("l" * room))
    with Stack.start(options("postgres-primary", base_dir=longest), progress=lambda _: None) as stack:
        stack.wait_ready("postgres-primary")


def test_a_path_that_is_relative():
    with pytest.raises(StackError, match=f"must be absolute{AND_WHAT_TO_DO}"):
        base_directory(Path("tmp/base"))


def test_a_folder_that_others_may_write(fresh_base: Path):
    fresh_base.chmod(0o777)
    with pytest.raises(StackError, match=f"is not a directory that belongs to this user alone{AND_WHAT_TO_DO}"):
        base_directory(fresh_base)


def test_a_file_in_the_way(fresh_base: Path):
    (fresh_base / "file").touch()
    with pytest.raises(StackError, match=f"the stack's directory cannot be made: Not a directory .*{AND_WHAT_TO_DO}"):
        base_directory(fresh_base / "file" / "base")


def test_a_folder_that_the_services_may_not_enter(fresh_base: Path):
    if os.geteuid() != 0:
        pytest.skip("services run as another user only for root")
    fresh_base.chmod(0o700)
    with pytest.raises(StackError, match=rf"other users may not enter {fresh_base} \(mode 0700\){AND_WHAT_TO_DO}"):
        base_directory(fresh_base / "base")


def test_tmpdir_is_the_only_place_asked(monkeypatch: pytest.MonkeyPatch, fresh_base: Path):
    monkeypatch.setenv("TMPDIR", str(fresh_base / "not-there-yet"))
    assert directories.base_directory().parent == fresh_base / "not-there-yet"
    monkeypatch.setenv("TMPDIR", "")
    assert directories.temporary_place().parent == Path("/tmp")


def test_a_disk_that_would_fill_during_the_run(monkeypatch: pytest.MonkeyPatch, fresh_base: Path):
    monkeypatch.setenv("TMPDIR", str(fresh_base))
    monkeypatch.setattr(directories, "_ROOM", shutil.disk_usage(fresh_base).total)
    with pytest.raises(
        StackError, match=rf"^only \d+ MiB are left on the disk that holds {fresh_base}/.* or set TMPDIR"
    ):
        base_directory()
