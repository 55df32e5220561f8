"""Faults by effect: lost, cut off, slow, hanging. Each is healed at the end of the scenario.

Whatever all customers share may only be broken by a scenario that has the stack to itself.
"""

from threading import Thread

from support.scenario.evidence import Evidence
from support.scenario.undo import UndoStack
from support.scenario.verdict import NotShown
from support.stack.client import Fault, Link, Stack
from support.stack.fault import Direction
from support.stores import opened


class Faults:
    """What can be done to the services of a running stack.

    :param exclusive: whether the scenario has the stack to itself; else a fault that others would feel is refused
        with :class:`NotShown`.
    """

    def __init__(self, stack: Stack, undo: UndoStack, evidence: Evidence, *, exclusive: bool) -> None:
        self._stack = stack
        self._undo = undo
        self._evidence = evidence
        self._exclusive = exclusive
        self._spares: set[str] = set()

    def _felt_by_all(self, what: str) -> None:
        if not self._exclusive:
            raise NotShown(f"a fault of {what} is felt by everybody: tag the scenario @exclusive")

    # -- processes ----------------------------------------------------------------------------------------------

    def lose(self, service: str) -> None:
        """The process is gone at once (kill -9); it is started again at the end, unless it is a spare."""
        self._prepare_end(service, "lost")
        self._stack.kill(service)

    def shut_down(self, service: str) -> None:
        """The process has ended in order (SIGTERM) on return; it is started again at the end, unless it is a spare."""
        self._prepare_end(service, "shut down")
        self._stack.stop(service)

    def bring_back(self, service: str) -> None:
        """Start a lost service; returns when it is ready."""
        self._stack.start_service(service)
        self._evidence.note("fault ended", kind="lost", service=service)

    def restart(self, service: str) -> None:
        """Kill a service and start it again; returns when it is ready."""
        self.lose(service)
        self.bring_back(service)

    def tell_to_stop(self, service: str) -> None:
        """Ask a service to end in order, and do not wait for it; it is started again at the end."""
        self._felt_by_all(service)
        stopping = Thread(target=self._stack.stop, args=[service], name=f"stop {service}")

        def start_again() -> None:
            stopping.join()
            self._revive(service)

        self._undo.register(f"start {service} again", start_again)
        self._evidence.note("fault", kind="told to stop", service=service)
        stopping.start()

    def lose_data(self) -> None:
        """The event store (Redis) forgets everything, crashes, and is started again empty."""
        self._felt_by_all("redis")
        with opened.cache(self._stack.addresses) as store:
            store.flushall()
        self._evidence.note("fault", kind="data lost", service="redis")
        self.restart("redis")

    def start_spare(self, service: str) -> None:
        """One more instance of a service works beside the others until the end of the scenario."""
        self._spares.add(service)
        self._undo.register(f"stop {service}", lambda: self._stack.stop(service))
        self._stack.start_service(service)
        self._evidence.note("instance started", service=service)

    def freeze(self, service: str) -> None:
        """The process hangs (SIGSTOP): its connections stay open, nothing answers."""
        self._felt_by_all(service)
        self._undo.register(f"thaw {service}", lambda: self._stack.thaw(service))
        self._evidence.note("fault", kind="hangs", service=service)
        self._stack.freeze(service)

    def thaw(self, service: str) -> None:
        """Let a hanging process go on."""
        self._stack.thaw(service)
        self._evidence.note("fault ended", kind="hangs", service=service)

    def processes(self) -> dict[str, int | None]:
        """The process ID of each service by its name, spares left out; a restarted service has another."""
        return {status.name: status.pid for status in self._stack.services() if status.twin is None}

    def _prepare_end(self, service: str, kind: str) -> None:
        self._felt_by_all(service)
        if service not in self._spares:
            self._undo.register(f"start {service} again", lambda: self._revive(service))
        self._evidence.note("fault", kind=kind, service=service)

    def _revive(self, service: str) -> None:
        if any(status.name == service and status.state != "ready" for status in self._stack.services()):
            self._stack.start_service(service)

    # -- one customer's link ------------------------------------------------------------------------------------

    def own_link(self, who: str) -> Link:
        """A link to the platform that only one customer uses, so that a fault on it is theirs alone."""
        link = self._stack.open_link("backend")
        self._undo.register(f"close the link of {who}", link.close)
        return link

    # -- links --------------------------------------------------------------------------------------------------

    def on_link(self, proxy: str, fault: Fault) -> None:
        """Put any fault on the link to a service."""
        self._felt_by_all(f"the link to {proxy}")
        self._undo.register(f"heal the link to {proxy}", lambda: self._stack.clear_fault(proxy))
        self._evidence.note("fault", kind=fault.kind, link=proxy, direction=fault.direction)
        self._stack.set_fault(proxy, fault)

    def cut_off(self, proxy: str) -> None:
        """The service can no longer be reached: connections are reset, new ones refused."""
        self.on_link(proxy, Fault(kind="refuse"))
        self._stack.cut_connections(proxy, how="reset")

    def silence(self, proxy: str, direction: Direction = "both") -> None:
        """A black hole: the link stays up and nothing comes through."""
        self.on_link(proxy, Fault(kind="blackhole", direction=direction))

    def lose_responses(self, proxy: str) -> None:
        """Requests reach the service, but each connection is reset when the response begins."""
        self.on_link(proxy, Fault(kind="reset_after", direction="to_client", after_bytes=0))

    def slow(self, proxy: str, seconds: float) -> None:
        """Everything on the link comes that much later, each way."""
        self.on_link(proxy, Fault(kind="delay", seconds=seconds))

    def stutter(self, proxy: str, seconds: float) -> None:
        """The link comes in bursts with pauses between them."""
        self.on_link(proxy, Fault(kind="stutter", seconds=seconds))

    def reset_connections(self, proxy: str) -> None:
        """All present connections are reset; new ones work."""
        self._felt_by_all(f"the link to {proxy}")
        self._evidence.note("fault", kind="reset", link=proxy)
        self._stack.cut_connections(proxy, how="reset")

    def open_connections(self, proxy: str) -> int:
        """How many connections the link has now."""
        return next(link.open_connections for link in self._stack.links() if link.name == proxy)

    def heal(self, proxy: str) -> None:
        """The link works again."""
        self._stack.clear_fault(proxy)
        self._evidence.note("fault ended", link=proxy)
