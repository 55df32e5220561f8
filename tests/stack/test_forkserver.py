"""The fork server: what it preloads, and what happens when it or whoever it works for ends at a bad moment."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import processes, wire
from support.stack.client import Stack, StackError
from support.stack.forkserver import ForkRequest
from support.surroundings import base_environment
from tests.stack.conftest import Checkout, MakeOptions
from tests.stack.traces import Run, nothing_is_left, start_time

WHAT_IS_MISSING = """
import importlib, json, os, sys
from support.stack import forkserver
forkserver.preload()
descriptors = len(os.listdir("/proc/self/fd"))
known = set(sys.modules)
for module in sys.argv[1:]:
    importlib.import_module(module)
own = {*sys.stdlib_module_names, "apex", "support"}
missing = sorted(name for name in sys.modules.keys() - known if name.partition(".")[0] not in own)
print(json.dumps({"missing": missing, "descriptors": descriptors}))
"""
SERVICES = ("auth", "backend", "worker", "tools", "analytics")
# 0, 1, 2 and that of the directory that is listed.
STANDARD_DESCRIPTORS = 4


def run(program: str, *arguments: str, path: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-c", program, *arguments)
    return subprocess.run(command, cwd=path, env=base_environment(), capture_output=True, text=True, check=False)


def test_everything_that_services_import_of_other_packages_is_preloaded():
    answer = run(WHAT_IS_MISSING, *(f"apex.{service}.app" for service in SERVICES), "apex.http.socket_protocol")
    assert json.loads(answer.stdout) == {"missing": [], "descriptors": STANDARD_DESCRIPTORS}, answer.stderr


def test_a_package_that_is_not_preloaded_is_found():
    answer = run(WHAT_IS_MISSING, "alembic")
    assert "alembic" in json.loads(answer.stdout)["missing"]


def test_a_package_that_starts_a_thread_is_refused(options: MakeOptions, checkout: Checkout, base: Path):
    program = b"import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    with pytest.raises(StackError, match=r"^forkserver died at its start \(ended with exit code 1\)") as told:
        Stack.start(options("partner", checkout=checkout({"structlog.py": program})), progress=lambda _: None)
    assert told.value.log_lines == ("a process with 2 threads cannot be forked: a preloaded package starts some",)
    nothing_is_left(base, within=0)


def test_a_fork_server_that_lacks_a_package(options: MakeOptions, checkout: Checkout, base: Path):
    program = b"raise ImportError('this is not the real one')\n"
    with pytest.raises(StackError, match=r"^forkserver died at its start") as told:
        Stack.start(options("partner", checkout=checkout({"structlog.py": program})), progress=lambda _: None)
    assert told.value.log_lines[-1] == "ImportError: this is not the real one"
    nothing_is_left(base, within=0)


def test_a_process_that_nobody_waits_for_ends_by_itself(tmp_path: Path):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = (sys.executable, "-m", "support.stack.forkserver", str(tmp_path))
    with ours, theirs, subprocess.Popen(command, cwd=CHECKOUT, env=base_environment(), stdin=theirs.fileno()) as server:
        theirs.close()
        assert json.loads(ours.recv(100)) == {}
        waiting, begin = os.pipe()
        with (tmp_path / "log").open("wb") as log:
            argv = (sys.executable, "-m", "tests.stack.endings", "returns")
            request = ForkRequest(argv, base_environment(), str(CHECKOUT), signal.SIGKILL)
            socket.send_fds(ours, [request.to_json()], [log.fileno(), waiting])
        forked = processes.identity_of(json.loads(ours.recv(100))["pid"])
        assert forked is not None
        os.close(waiting)
        os.close(begin)
        assert processes.wait_for_end([forked], 5) == []
        ours.close()
        assert server.wait(5) == 0
    assert (tmp_path / "log").read_bytes() == b""


@pytest.fixture
def stack(options: MakeOptions, base: Path) -> Iterator[Stack]:
    """The cheapest service that is forked."""
    with Stack.start(options("partner", "redis"), progress=lambda _: None) as started:
        yield started
    nothing_is_left(base, within=0)


def owner_of(stack: Stack) -> int:
    """The pid of its supervisor."""
    return int(json.loads((stack.addresses.run_dir / "owner.json").read_text())["pid"])


def children(supervisor: int) -> dict[int, str]:
    """The command lines of a process's own children; of one that has not been reaped, its state."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
            command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(parent) == supervisor:
            found[int(entry)] = "zombie" if state == "Z" else command
    return found


def fork_server_of(supervisor: int) -> int:
    return next(pid for pid, command in children(supervisor).items() if "support.stack.forkserver" in command)


def pid_of(stack: Stack, name: str) -> int:
    pid = next(service.pid for service in stack.services() if service.name == name)
    assert pid is not None
    return pid


def test_a_service_is_the_supervisors_own_child(stack: Stack):
    command = children(owner_of(stack))[pid_of(stack, "partner")]
    assert "-m support.stack.partner_server " in command


def kill_fork_server(stack: Stack) -> None:
    supervisor = owner_of(stack)
    killed = fork_server_of(supervisor)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: children(supervisor), lambda found: killed not in found, within=5)


def test_the_end_of_the_fork_server_harms_no_service_and_no_restart(stack: Stack):
    before = pid_of(stack, "partner")
    kill_fork_server(stack)
    stack.wait_ready("partner")
    assert pid_of(stack, "partner") == before
    stack.restart("partner")
    assert pid_of(stack, "partner") != before
    assert children(owner_of(stack)).keys() >= {pid_of(stack, "partner"), fork_server_of(owner_of(stack))}


def test_a_fork_server_that_ends_while_it_is_asked(stack: Stack):
    stack.stop("partner")
    server = fork_server_of(owner_of(stack))
    os.kill(server, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        start = pool.submit(stack.start_service, "partner")
        # The request is on its way once the supervisor, which waits for the answer, answers nobody else.
        eventually(lambda: answers(stack), lambda answered: not answered, within=5)
        os.kill(server, signal.SIGKILL)
        error = start.exception()
    assert str(error) == "forkserver ended while it was asked for a process; the next start brings another"
    stack.start_service("partner")
    stack.wait_ready("partner")


def test_a_fork_server_that_does_not_answer(stack: Stack):
    stack.stop("partner")
    frozen = fork_server_of(owner_of(stack))
    os.kill(frozen, signal.SIGSTOP)
    with pytest.raises(StackError, match=r"^forkserver did not answer within 5 s; the next start brings another$"):
        stack.start_service("partner")
    stack.start_service("partner")
    assert "-m support.stack.partner_server " in children(owner_of(stack))[pid_of(stack, "partner")]
    assert frozen not in children(owner_of(stack))


def answers(stack: Stack) -> bool:
    try:
        wire.ask(stack.socket_path, "describe", seconds=0.5)
    except StackError:
        return False
    return True


def test_a_killed_service_is_forked_again(stack: Stack):
    for _ in range(3):
        stack.kill("partner")
        stack.start_service("partner")
    assert "zombie" not in children(owner_of(stack)).values()


def test_a_log_that_cannot_be_written(stack: Stack):
    stack.stop("partner")
    log = stack.addresses.log_dir / "partner.log"
    log.unlink()
    log.mkdir()
    with pytest.raises(StackError, match=r"^partner cannot be started: Is a directory \(.*/partner\.log\)$"):
        stack.start_service("partner")
    log.rmdir()
    stack.start_service("partner")


def test_a_service_has_the_present_sources(options: MakeOptions, checkout: Checkout):
    root = checkout({"apex/backend/__main__.py": b"import sys\nsys.exit('first')\n"})
    with Stack.start(options("redis", "backend-2", checkout=root), progress=lambda _: None) as stack:
        for word in ("first", "second"):
            (root / "apex/backend/__main__.py").write_text(f"from apex.backend.{word} import end\nend()\n")
            (root / f"apex/backend/{word}.py").write_text(f"def end():\n    raise SystemExit('{word}')\n")
            with pytest.raises(StackError, match="backend-2 died at its start") as told:
                stack.start_service("backend-2", [])
            assert told.value.log_lines == (word,)


def test_orphans_of_a_killed_service_are_reaped(options: MakeOptions):
    with Stack.start(options("postgres-primary"), progress=lambda _: None) as stack:
        # Its children survive it by a moment, and become the supervisor's.
        os.kill(pid_of(stack, "postgres-primary"), signal.SIGKILL)
        supervisor = owner_of(stack)
        eventually(
            lambda: children(supervisor).values(),
            lambda found: not any("postgres" in command or command == "zombie" for command in found),
            within=10,
        )


def test_kill_of_the_supervisor_while_the_fork_server_preloads(options: MakeOptions, base: Path, checkout: Checkout):
    program = b"import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nsignal.pause()\n"
    with pytest.raises(StackError, match="the stack's supervisor ended while it started the stack"):
        Stack.start(options("partner", checkout=checkout({"structlog.py": program})), progress=lambda _: None)
    nothing_is_left(base)


def test_kill_of_supervisor_and_fork_server(options: MakeOptions, base: Path):
    run = Run(options("partner")).wait()
    members = [run.supervisor, fork_server_of(run.supervisor)]
    for identity in [processes.Identity(pid, start_time(pid)) for pid in members]:
        processes.send([identity], signal.SIGKILL)
    nothing_is_left(base)
    run.end()


def test_kill_of_a_supervisor_whose_fork_server_is_frozen(options: MakeOptions, base: Path):
    run = Run(options("partner")).wait()
    os.kill(fork_server_of(run.supervisor), signal.SIGSTOP)
    os.kill(run.supervisor, signal.SIGKILL)
    nothing_is_left(base)
    run.end()


def test_orderly_end_with_a_frozen_fork_server(options: MakeOptions, base: Path):
    with Stack.start(options("partner"), progress=lambda _: None) as stack:
        os.kill(fork_server_of(owner_of(stack)), signal.SIGSTOP)
    nothing_is_left(base, within=0)


def test_two_stacks_at_once_have_fork_servers_of_their_own(options: MakeOptions, base: Path, tmp_path: Path):
    run = Run(options("partner", log_dir=tmp_path / "first")).wait()
    with Stack.start(options("partner", log_dir=tmp_path / "second"), progress=lambda _: None) as second:
        assert fork_server_of(run.supervisor) != fork_server_of(owner_of(second))
        os.kill(run.supervisor, signal.SIGKILL)
        run.end()
        eventually(run.run_dir.exists, lambda there: not there, within=10)
        second.restart("partner")
        second.wait_ready("partner")
    nothing_is_left(base, within=0)
