"""The warm parent of a stack's Python services: `python -m support.stack.forkserver RUN_DIR` (stdin: a socket).

It imports once what the services need of other packages, and then forks a process for each request that comes through
the socket; `support.stack.forking` holds the other end. A forked process goes on as `python -m MODULE ARGUMENT...`
would, as a child of the supervisor: it is forked twice, and the supervisor adopts it when the process between ends.
The modules of the checkout are imported after the fork, so a service that starts again has its present sources.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

from support.stack import processes
from support.surroundings import replace_environment

# What the platform's services import of other packages, some of it only while they begin to serve.
# tests/stack/test_forkserver.py finds what is missing.
PRELOADED = (
    "anyio._backends._asyncio",
    "argon2",
    "boto3",
    "clickhouse_connect",
    "encodings.idna",
    "fastapi.telemetry._runtime",
    "httpcore",
    "httpx",
    "jsonschema",
    "jwt",
    "opentelemetry.sdk.trace",
    "prometheus_client",
    "psycopg",
    "pydantic.functional_serializers",
    "pydantic.v1",
    "pydantic_settings",
    "redis.asyncio",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.orm",
    "structlog",
    "tenacity",
    "tomllib",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "watchfiles",
)
LONGEST_REQUEST = 1 << 16
_STANDARD_DESCRIPTORS = 3
_ABANDONED = 125


@dataclass(frozen=True)
class ForkRequest:
    """What a forked process is to become; `argv` is that of `python -m MODULE ARGUMENT...`."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str
    death_signal: int

    def to_json(self) -> bytes:
        """JSON that `from_json` reads back."""
        return json.dumps(vars(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> ForkRequest:
        """Read back what `to_json` made."""
        plain = json.loads(text)
        return cls(**(plain | {"argv": tuple(plain["argv"])}))


class HasThreads(RuntimeError):
    """A fork would copy this process without its other threads, and with the locks that these hold."""


def preload(modules: tuple[str, ...] = PRELOADED) -> None:
    """Import them all; HasThreads when this started a thread."""
    # What is loaded stays, so a collection finds nothing; and it would write to memory that forks share.
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise HasThreads(f"a process with {threads} threads cannot be forked: a preloaded package starts some")
    gc.freeze()


def serve(requests: socket.socket) -> tuple[ForkRequest, int, int] | None:
    """Answer requests until the other end is closed, then return None.

    Returns otherwise only in a forked process: what that is to become, its log, and a pipe through which it is told
    to begin.
    """
    while True:
        text, descriptors, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 2)
        if not text:
            return None
        log, begin = descriptors
        try:
            pid = _fork_twice()
        except OSError as error:
            answer: dict[str, object] = {"errno": error.errno}
        else:
            if pid == 0:
                return ForkRequest.from_json(text), log, begin
            answer = {"pid": pid}
        os.close(log)
        os.close(begin)
        requests.send(json.dumps(answer).encode())


def _fork_twice() -> int:
    """Fork a process that this one is not the parent of: returns its pid here, and 0 there."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        forked = -1
        try:
            forked = os.fork()
            if forked != 0:
                os.write(writing, json.dumps({"pid": forked}).encode())
        except OSError as error:
            os.write(writing, json.dumps({"errno": error.errno}).encode())
        finally:
            if forked != 0:
                os._exit(0)
        os.close(reading)
        os.close(writing)
        return 0
    os.close(writing)
    # The forked process has the supervisor as its parent once the one between is gone for good.
    os.waitpid(between, 0)
    said = json.loads(os.read(reading, 64))
    os.close(reading)
    if "errno" in said:
        raise OSError(said["errno"], os.strerror(said["errno"]))
    return int(said["pid"])


def become(request: ForkRequest, log: int, begin: int, supervisor: int, titles: ModuleType) -> None:
    """Be what is asked for: a process of the supervisor's with a session and a log of its own."""
    # Nobody is there to begin for when the supervisor does not know this process, or has ended.
    if not os.read(begin, 1):
        os._exit(_ABANDONED)
    os.setsid()
    processes.dies_with(supervisor, request.death_signal)()
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    run_as(request, titles)


def run_as(request: ForkRequest, titles: ModuleType) -> NoReturn:
    """Go on as `python -m MODULE ARGUMENT...` would, from the open files to the command line."""
    os.closerange(_STANDARD_DESCRIPTORS, os.sysconf("SC_OPEN_MAX"))
    replace_environment(request.environment)
    os.chdir(request.cwd)
    titles.setproctitle(" ".join(request.argv))
    titles.setthreadtitle(os.path.basename(request.argv[0]))
    _, _, module, *arguments = request.argv
    sys.orig_argv[:] = request.argv
    sys.argv[:] = ["-m", *arguments]
    sys.path[0] = request.cwd
    # The service may be one of this package, and is to load its present sources, too.
    for name in [name for name in sys.modules if name.partition(".")[0] == "support"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    gc.enable()
    code = _exit_code_of(module)
    # As at the end of every Python process, except that what the parent has imported is not taken down: that takes
    # longer than most of what is run.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _exit_code_of(module: str) -> int:
    """Run a module as `__main__`; what its end says is said on standard error, as Python does. Negative: a signal."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        traceback.print_exc()
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def warm_up() -> tuple[socket.socket, ModuleType]:
    """Preload; returns the socket that came as standard input, and what sets titles."""
    stdin = sys.stdin.fileno()
    requests = socket.socket(fileno=os.dup(stdin))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, stdin)
    os.close(nothing)
    import setproctitle

    # It finds the room for titles only as long as the environment is where it was at the start.
    setproctitle.getproctitle()
    try:
        preload()
    except HasThreads as refusal:
        sys.exit(str(refusal))
    return requests, setproctitle


def main() -> None:
    """Preload, say so, and fork on request."""
    supervisor = os.getppid()
    requests, titles = warm_up()
    requests.send(b"{}")
    forked = serve(requests)
    requests.close()
    if forked is not None:
        become(*forked, supervisor, titles)


if __name__ == "__main__":
    main()
