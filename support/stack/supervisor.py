"""Owns everything of one stack: `python -m support.stack.supervisor LIFELINE_FD [CLAIM_FD]`.

The lifeline is a socket to whoever asked for the stack. Its first line holds the options; progress and the outcome
go back through it; its end, however it comes about, ends the stack (unless the stack is to be kept). The claim is the
socket on which a kept stack answers.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from support.stack import directories, keeping, orphans, processes, wire
from support.stack.child import Child, failure, reap_orphans
from support.stack.control import Control
from support.stack.embedded import EmbeddedProvider
from support.stack.errors import StackError, from_os_error
from support.stack.external import ExternalService
from support.stack.forking import ForkServer
from support.stack.lifeline import Lifeline
from support.stack.options import StackOptions
from support.stack.polling import poll
from support.stack.ports import PortRange
from support.stack.provider import Provider, Surroundings
from support.stack.service import ProcessService, Service
from support.stack.starting import start_in_order, until_preloaded
from support.surroundings import base_environment

_OPEN_FILES = 65_536


class Supervisor:
    """Starts a stack, serves its control socket and ends it."""

    def __init__(self, options: StackOptions, base: Path, claim: socket.socket | None) -> None:
        self._options = options
        self._base = base
        self._kept: socket.socket | asyncio.Server | None = claim
        self._is_up = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._children: list[Child] = []
        self._services: list[Service] = []
        self._fork_server: ForkServer | None = None

    async def run(self, lifeline: Lifeline) -> None:
        """Bring the stack up, keep it until its end is asked for, and leave nothing behind."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop_asked.set)
        loop.add_signal_handler(signal.SIGCHLD, reap_orphans)
        begin = time.monotonic()
        directory = directories.RunDirectory.make(self._base)
        try:
            reaper = self._start_reaper(directory.path)
            try:
                await self._serve(directory.path, lifeline, begin)
            finally:
                await self._end(directory.path)
                assert reaper.stdin is not None
                reaper.stdin.close()
                reaper.wait()
        finally:
            directory.release()

    async def _serve(self, run_dir: Path, lifeline: Lifeline, begin: float) -> None:
        ended = asyncio.create_task(lifeline.wait_for_end())
        asked = asyncio.create_task(self._stop_asked.wait())
        starting = asyncio.create_task(self._start(run_dir, lifeline))
        try:
            await asyncio.wait((starting, ended, asked), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                if asked.done():
                    await lifeline.say({"error": wire.error_to_json(self._why_ended())})
                return
            description = starting.result()
            await lifeline.say({"ready": description | {"seconds": time.monotonic() - begin}})
            if self._options.keep:
                await asked
            else:
                await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (starting, ended, asked):
                task.cancel()
            await asyncio.gather(starting, ended, asked, return_exceptions=True)

    async def _start(self, run_dir: Path, lifeline: Lifeline) -> dict[str, Any]:
        low, high = self._options.ports
        surroundings = Surroundings(
            options=self._options,
            base=self._base,
            run_dir=run_dir,
            ports=PortRange(low, high),
            environment=base_environment(),
            changed=lambda: self._write_process_list(run_dir),
        )
        provider: Provider = EmbeddedProvider(surroundings)
        self._services = list(provider.services())
        self._fork_server = provider.fork_server
        # First of all: the platform waits for its imports and for the stores alike.
        preloading = any(service.is_forked for service in self._services)
        if preloading:
            self._fork_server.start()
        fingerprint = keeping.fingerprint(self._options.checkout)
        proxies_socket = run_dir / "proxies.sock"
        self._start_proxies(provider, run_dir, proxies_socket)
        control = Control(
            self._services, provider, proxies_socket, surroundings.ports, fingerprint, self._options.platform,
            self._is_up, self._stop_asked,
        )  # fmt: skip
        await wire.serve(run_dir / "control.sock", control.handlers())
        if isinstance(self._kept, socket.socket):
            self._kept = await wire.serve(self._kept, control.handlers())
        async with asyncio.TaskGroup() as group:
            if preloading:
                group.create_task(until_preloaded(provider.fork_server, lifeline.ready))
            group.create_task(self._open_links(provider, proxies_socket))
            group.create_task(start_in_order([one for one in self._services if one.twin is None], lifeline.ready))
        self._is_up.set()
        return await control.describe()

    def _why_ended(self) -> StackError:
        for child in self._children:
            if child.ended.is_set():
                return failure(child.name, child, self._base)
        return StackError("the stack was told to stop while it started")

    def _start_proxies(self, provider: Provider, run_dir: Path, control_socket: Path) -> None:
        log = self._options.log_dir / "proxies.log"
        proxies = Child("proxies", provider.proxies(control_socket), log)
        self._children.append(proxies)
        proxies.at_end(self._end_without)
        self._write_process_list(run_dir)

    def _end_without(self, child: Child) -> None:
        """Nothing works without the links; the stack ends rather than look healthy."""
        if not self._stop_asked.is_set():
            print(f"{child.name} {child.describe_end()}: the stack ends", file=sys.stderr, flush=True)
        self._stop_asked.set()

    async def _open_links(self, provider: Provider, control_socket: Path) -> None:
        """The links are open before the first service is: who dials early is reset, as by a server that is down."""

        def dial() -> None:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(control_socket))

        proxies = self._children[0]
        if not await poll(dial, seconds=self._options.start_seconds, ended=proxies.ended):
            raise failure("proxies", proxies, control_socket.parent)
        for plan in provider.links():
            await wire.call(control_socket, "open", name=plan.name, port=plan.port, **plan.leads_to)

    def _start_reaper(self, run_dir: Path) -> subprocess.Popen[bytes]:
        """Clears up should this process be killed; so it alone is not tied to this process's life."""
        command = (sys.executable, "-S", "-m", "support.stack.reaper", str(run_dir))
        return subprocess.Popen(command, cwd=self._options.checkout, stdin=subprocess.PIPE, start_new_session=True)

    def _write_process_list(self, run_dir: Path) -> None:
        running = [service.child for service in self._services if isinstance(service, ProcessService)]
        forking = [] if self._fork_server is None else [self._fork_server.child]
        children = [
            child for child in (*self._children, *forking, *running) if child is not None and not child.ended.is_set()
        ]
        orphans.write_process_list(run_dir, [(child.identity, child.launch.death_signal) for child in children])

    async def _end(self, run_dir: Path) -> None:
        self._stop_asked.set()
        if self._kept is not None:
            # Whoever asks from now on is to start another stack, not to be given one that ends.
            self._kept.close()
        # What others have started is cleared once nobody writes to it any more.
        outside = [service for service in self._services if isinstance(service, ExternalService)]
        ends = [service.end() for service in self._services if service not in outside]
        ends += [child.end(signal.SIGKILL, 1.0) for child in self._children]
        ends += [] if self._fork_server is None else [self._fork_server.end()]
        await asyncio.gather(*ends)
        for service in outside:
            try:
                await service.end()
            except Exception as error:  # the next run removes what is left
                print(f"{service.name} could not be cleared: {type(error).__name__}", file=sys.stderr, flush=True)
        orphans.remove(run_dir)


async def _main(descriptor: int, claim: socket.socket | None) -> None:
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    lifeline = Lifeline(reader, writer)
    options = StackOptions.from_json(json.loads(await reader.readline()))
    try:
        base = directories.base_directory(options.base_dir)
        directories.log_directory(options.log_dir)
        await asyncio.to_thread(orphans.sweep, base)
        if options.services == "containers":
            from support.stack import containers  # no other stack needs it

            await asyncio.to_thread(containers.sweep, base)
        await Supervisor(options, base, claim).run(lifeline)
    except (StackError, ExceptionGroup, OSError) as error:
        await lifeline.say({"error": wire.error_to_json(_first(error, options))})
    finally:
        writer.close()


def _first(error: BaseException, options: StackOptions) -> StackError:
    """The StackError that ended a group of tasks; anything else is a bug and goes up as it is."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError):
        # Who writes to what is open already does not say where that is.
        places = (directories.temporary_place(options.base_dir), options.log_dir)
        there = [place for place in places if place.is_dir()]
        fullest = min(there, key=lambda place: shutil.disk_usage(place).free, default=options.log_dir)
        return from_os_error(error, "the stack cannot be started", fullest)
    if not isinstance(error, StackError):
        raise error
    return error


def main() -> None:
    """Run the supervisor for the descriptors given on the command line."""
    os.umask(0o022)
    processes.adopt_orphans()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    lifeline, *claim = map(int, sys.argv[1:])
    asyncio.run(_main(lifeline, socket.socket(fileno=claim[0]) if claim else None))


if __name__ == "__main__":
    main()
