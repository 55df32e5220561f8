"""The stack as the suite sees it: start or attach, look, break, heal, stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from support.stack import directories, keeping, launching, processes, wire
from support.stack.addresses import Addresses, LinkStatus, ServiceStatus
from support.stack.errors import StackError, Unanswered
from support.stack.fault import Fault
from support.stack.options import StackOptions
from support.stack.own_link import Cut, Link

__all__ = [
    "Addresses",
    "Fault",
    "Link",
    "LinkStatus",
    "ServiceStatus",
    "Stack",
    "StackError",
    "StackOptions",
    "Starting",
]

_CONTROL_SECONDS = 10.0
_SERVICE_SECONDS = 120.0
_END_SECONDS = 20.0
# A service that serves answers in milliseconds.
_PATIENCE_SECONDS = 5.0


class Stack:
    """A running stack. Every operation raises StackError when it cannot be done; all may be called from any thread."""

    def __init__(self, run_dir: Path, description: dict[str, Any], supervisor: launching.Supervisor | None) -> None:
        self.addresses = Addresses.from_json(description["addresses"])
        self.ready_in_seconds: float | None = description.get("seconds")
        self.fingerprint: str = description["fingerprint"]
        self.target: str = description.get("target", "")
        """The platform; a stack that older sources have started does not say."""
        self.socket_path = run_dir / "control.sock"
        self._supervisor = supervisor

    @classmethod
    def start(cls, options: StackOptions, progress: Callable[[str], None]) -> Stack:
        """Start a stack of its own supervisor and return once all services are ready.

        `progress` is called with one line for each service that comes up. Raises StackError with one clear line and
        the last log lines of the service that failed; nothing runs any more then.
        """
        return cls.begin(options).ready(progress)

    @classmethod
    def begin(cls, options: StackOptions) -> Starting:
        """Begin to start a stack, for who has something else to do meanwhile. Raises StackError."""
        claim = keeping.claim(options.checkout) if options.keep else None
        if options.keep and claim is None:
            raise StackError("this checkout keeps a stack already; use it, or end it with bin/stack down")
        return Starting(launching.Supervisor(options, claim))

    @classmethod
    def keep(cls, options: StackOptions, progress: Callable[[str], None]) -> Stack:
        """The stack that the checkout keeps; starts it unless somebody has, or does so right now."""
        claim = keeping.claim(options.checkout)
        if claim is not None:
            return Starting(launching.Supervisor(options, claim)).ready(progress)
        running = cls.attach(options.checkout)
        if running is None:
            raise StackError("the stack of this checkout has ended right now; try again")
        return running

    @classmethod
    def attach(cls, checkout: Path, wait: bool = True) -> Stack | None:
        """The stack that this checkout keeps running; None when there is none.

        Waits for one that starts right now, if told to. StackError when its supervisor does not answer.
        """
        owner = keeping.holder(checkout)
        if owner is None:
            return None
        try:
            description = wire.ask(keeping.address(checkout), "describe", _CONTROL_SECONDS)
            stack = cls(Path(description["addresses"]["run_dir"]), description, None)
            if wait:
                stack._ask("until_up", _SERVICE_SECONDS)
        except Unanswered:
            raise Unanswered(
                f"the stack of this checkout does not answer (its supervisor is process {owner.pid}); "
                "end it with bin/stack down"
            ) from None
        except StackError:
            return None
        return stack

    @classmethod
    def end_kept(cls, checkout: Path) -> bool:
        """End the stack that a checkout keeps, also one that starts or does not answer; False when there was none."""
        owner = keeping.holder(checkout)
        if owner is None:
            return False
        try:
            running = cls.attach(checkout, wait=False)
            if running is not None:
                running.stop_all()
        except StackError:
            launching.end_by_force(owner)
        return True

    @classmethod
    def connect(cls, socket_path: Path) -> Stack:
        """The stack behind a control socket (`socket_path` of the Stack that owns it); StackError without one."""
        return cls(socket_path.parent, wire.ask(socket_path, "describe", _CONTROL_SECONDS), None)

    def is_stale(self, checkout: Path) -> bool:
        """Have the sources of `checkout` changed since the stack was started?"""
        return keeping.fingerprint(checkout) != self.fingerprint

    def services(self) -> list[ServiceStatus]:
        """The status of every service."""
        rows = self._ask("services")
        return [ServiceStatus(**(row | {"log_path": Path(row["log_path"])})) for row in rows]

    def start_service(self, name: str, extra_args: Sequence[str] | None = None) -> None:
        """Start a service that does not run; returns when it is ready.

        `extra_args` None: with those of its last start.
        """
        self._on_service(name, "start", extra_args=_plain(extra_args))

    def stop(self, name: str) -> None:
        """End a service in order."""
        self._on_service(name, "stop")

    def restart(self, name: str, extra_args: Sequence[str] | None = None) -> None:
        """End a service in order and start it again; returns when it is ready.

        `extra_args` None: with those of its last start.
        """
        self._on_service(name, "restart", extra_args=_plain(extra_args))

    def repair(self) -> list[str]:
        """Start again what does not serve, and heal every link; returns the names of the services that did not.

        For a kept stack, which may have been left by a run that was killed.
        """
        for link in self.links():
            if link.fault is not None:
                self.clear_fault(link.name)
        broken = []
        for status in self.services():
            # A spare is started by who needs it.
            if status.twin is None:
                try:
                    self.wait_ready(status.name, _PATIENCE_SECONDS)
                except StackError:
                    self.restart(status.name)
                    broken.append(status.name)
        return broken

    def kill(self, name: str) -> None:
        """End a service with SIGKILL, its children too; returns when they are gone."""
        self._on_service(name, "kill")

    def freeze(self, name: str) -> None:
        """Stop a service with SIGSTOP, its children too: it keeps its connections and does nothing."""
        self._on_service(name, "freeze")

    def thaw(self, name: str) -> None:
        """Let a frozen service go on."""
        self._on_service(name, "thaw")

    def wait_ready(self, name: str, seconds: float | None = None) -> None:
        """Wait until a service serves its clients, for as long as a start may take unless told."""
        self._on_service(name, "wait_ready", seconds=seconds)

    def set_fault(self, link: str, fault: Fault) -> None:
        """Let a fault hold on a link, in place of the one before."""
        self._ask("set_fault", name=link, fault=fault.to_json())

    def clear_fault(self, link: str) -> None:
        """Heal a link."""
        self._ask("set_fault", name=link, fault=None)

    def cut_connections(self, link: str, how: Cut = "reset") -> int:
        """End the open connections of a link by a reset or an orderly close; returns how many there were."""
        return int(self._ask("cut", name=link, how=how))

    def spoil(self, id: str) -> None:
        """Spoil what the platform says to its customers over new connections, as an entry of the catalogue has it.

        "" for nothing: it still passes through what could spoil it.
        """
        self._ask("spoil", id=id)

    def links(self) -> list[LinkStatus]:
        """Counters of every link."""
        return [LinkStatus(**row) for row in self._ask("links")]

    def open_link(self, target: str = "backend", *, tls: bool = False) -> Link:
        """Open one more link to where `target` leads, for one customer alone.

        With `tls` it takes encrypted connections alone, with a certificate of `authority`.
        """
        opened = self._ask("open_link", target=target, tls=tls)
        return Link(opened["name"], opened["address"], self)

    @property
    def authority(self) -> Path:
        """The certificate of the authority that has signed those of encrypted links."""
        return self.socket_path.parent / "tls" / "ca.pem"

    def close_link(self, name: str) -> None:
        """Close a link that `open_link` opened, and its connections."""
        self._ask("close_link", name=name)

    def free_port(self) -> int:
        """A port on which nothing of the stack listens."""
        return int(self._ask("reserve_port"))

    def stop_all(self) -> None:
        """End the stack, also one that is kept; returns when nothing is left of it."""
        owner = directories.owner_of(self.addresses.run_dir)
        self._ask("stop_all")
        if owner is not None and processes.wait_for_end([owner], _END_SECONDS):
            launching.end_by_force(owner)
        if self._supervisor is not None:
            self._supervisor.close()

    def close(self) -> None:
        """End the stack unless it is kept; then only let go of it."""
        if self._supervisor is not None:
            self._supervisor.close()

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _on_service(self, name: str, verb: str, **options: Any) -> None:
        self._ask("on_service", _SERVICE_SECONDS, name=name, verb=verb, options=options)

    def _ask(self, op: str, seconds: float = _CONTROL_SECONDS, **arguments: Any) -> Any:
        return wire.ask(self.socket_path, op, seconds, **arguments)


class Starting:
    """A stack that starts."""

    def __init__(self, supervisor: launching.Supervisor) -> None:
        self._supervisor = supervisor

    def ready(self, progress: Callable[[str], None]) -> Stack:
        """Wait until all services are ready; raises StackError as `Stack.start` does."""
        try:
            description = self._supervisor.wait_until_ready(progress)
        except BaseException:
            self._supervisor.close()
            raise
        return Stack(Path(description["addresses"]["run_dir"]), description, self._supervisor)

    def let_go(self) -> None:
        """Leave it to the process that was forked meanwhile, which ends it as its own."""
        self._supervisor.let_go()

    def abandon(self) -> None:
        """End it; returns when nothing is left of it."""
        self._supervisor.close()


def _plain(extra_args: Sequence[str] | None) -> list[str] | None:
    return None if extra_args is None else list(extra_args)
