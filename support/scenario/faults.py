"""Faults by effect: lost, cut off, slow, hanging. Each is healed at the end of the scenario.

Whatever all customers share may only be broken by a scenario that has the stack to itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread

from support.platform.components import Component
from support.platform.target import Target
from support.scenario.evidence import Evidence
from support.scenario.undo import UndoStack
from support.scenario.verdict import NotShown
from support.stack.addresses import LinkStatus
from support.stack.client import Fault, Link, Stack
from support.stack.fault import Direction
from support.stores import opened


class Faults:
    """What can be done to the services of a running stack: to a component of the platform, or to what has that name.

    :param exclusive: whether the scenario has the stack to itself; else a fault that others would feel is refused
        with :class:`NotShown`.
    """

    def __init__(self, stack: Stack, target: Target, undo: UndoStack, evidence: Evidence, *, exclusive: bool) -> None:
        self._stack = stack
        self._undo = undo
        self._evidence = evidence
        self._exclusive = exclusive
        self._target = target
        self._spares: set[str] = set()
        self.was_felt = False
        """Whether something was broken that everybody felt."""

    def _felt_by_all(self, what: str) -> None:
        if not self._exclusive:
            raise NotShown(f"a fault of {what} is felt by everybody: tag the scenario @exclusive")
        self.was_felt = True

    # -- processes ----------------------------------------------------------------------------------------------

    def lose(self, component: Component | str) -> None:
        """The process is gone at once (kill -9); it is started again at the end, unless it is a spare."""
        service = self._target.part(component).service
        self._prepare_end(service, "lost")
        self._stack.kill(service)

    def shut_down(self, component: Component | str) -> None:
        """The process has ended in order (SIGTERM) on return; it is started again at the end, unless it is a spare."""
        service = self._target.part(component).service
        self._prepare_end(service, "shut down")
        self._stack.stop(service)

    def bring_back(self, component: Component | str) -> None:
        """Start a lost service; returns when it is ready."""
        service = self._target.part(component).service
        self._stack.start_service(service)
        self._evidence.note("fault ended", kind="lost", service=service)

    def restart(self, component: Component | str) -> None:
        """Kill a service and start it again; returns when it is ready."""
        self.lose(component)
        self.bring_back(component)

    def tell_to_stop(self, component: Component | str) -> None:
        """Ask a service to end in order, and do not wait for it; it is started again at the end."""
        service = self._target.part(component).service
        self._felt_by_all(service)
        stopping = Thread(target=self._stack.stop, args=[service], name=f"stop {service}")

        def start_again() -> None:
            stopping.join()
            self._revive(service)

        self._undo.register(f"start {service} again", start_again)
        self._evidence.note("fault", kind="told to stop", service=service)
        stopping.start()

    def lose_data(self) -> None:
        """The event store forgets everything, crashes, and is started again empty."""
        service = self._target.part(Component.CACHE).service
        self._felt_by_all(service)
        with opened.cache(self._stack.addresses) as store:
            store.flushdb()
        self._evidence.note("fault", kind="data lost", service=service)
        self.restart(service)

    def fill_cache(self) -> None:
        """The event store answers every write with an error: it is full."""
        service = self._target.part(Component.CACHE).service
        self._felt_by_all(service)
        self._undo.register(f"give {service} room again", self.empty_cache)
        self._evidence.note("fault", kind="full", service=service)
        with opened.cache(self._stack.addresses) as store:
            store.config_set("maxmemory", 1)

    def empty_cache(self) -> None:
        """The event store takes writes again."""
        with opened.cache(self._stack.addresses) as store:
            store.config_set("maxmemory", 0)
        self._evidence.note("fault ended", kind="full", service=self._target.part(Component.CACHE).service)

    def start_spare(self, component: Component | str) -> None:
        """One more instance of a service works beside the others until the end of the scenario."""
        service = self._target.part(component).service
        self._spares.add(service)
        self._undo.register(f"stop {service}", lambda: self._stack.stop(service))
        self._stack.start_service(service)
        self._evidence.note("instance started", service=service)

    def freeze(self, component: Component | str) -> None:
        """The process hangs (SIGSTOP): its connections stay open, nothing answers."""
        service = self._target.part(component).service
        self._felt_by_all(service)
        self._undo.register(f"thaw {service}", lambda: self._stack.thaw(service))
        self._evidence.note("fault", kind="hangs", service=service)
        self._stack.freeze(service)

    def thaw(self, component: Component | str) -> None:
        """Let a hanging process go on."""
        service = self._target.part(component).service
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
        link = self._stack.open_link(self._target.part(Component.API).link)
        self._undo.register(f"close the link of {who}", link.close)
        return link

    # -- links --------------------------------------------------------------------------------------------------

    def on_link(self, component: Component | str, fault: Fault) -> None:
        """Put any fault on the link to a service."""
        link = self._target.part(component).link
        self._felt_by_all(f"the link to {link}")
        self._undo.register(f"heal the link to {link}", lambda: self._stack.clear_fault(link))
        self._evidence.note("fault", kind=fault.kind, link=link, direction=fault.direction)
        self._stack.set_fault(link, fault)

    def cut_off(self, component: Component | str) -> None:
        """The service can no longer be reached: connections are reset, new ones refused."""
        self.on_link(component, Fault(kind="refuse"))
        self._stack.cut_connections(self._target.part(component).link, how="reset")

    def silence(self, component: Component | str, direction: Direction = "both") -> None:
        """A black hole: the link stays up and nothing comes through."""
        self.on_link(component, Fault(kind="blackhole", direction=direction))

    def silence_open_connections(self, component: Component | str) -> None:
        """Nothing comes through on present connections, and nobody is told; new ones work."""
        self.on_link(component, Fault(kind="blackhole", open_only=True))

    def lose_responses(self, component: Component | str) -> None:
        """Requests reach the service, but each connection is reset when the response begins."""
        self.on_link(component, Fault(kind="reset_after", direction="to_client", after_bytes=0))

    def slow(self, component: Component | str, seconds: float) -> None:
        """Everything on the link comes that much later, each way."""
        self.on_link(component, Fault(kind="delay", seconds=seconds))

    def stutter(self, component: Component | str, seconds: float) -> None:
        """The link comes in bursts with pauses between them."""
        self.on_link(component, Fault(kind="stutter", seconds=seconds))

    def reset_connections(self, component: Component | str) -> None:
        """All present connections are reset; new ones work."""
        link = self._target.part(component).link
        self._felt_by_all(f"the link to {link}")
        self._evidence.note("fault", kind="reset", link=link)
        self._stack.cut_connections(self._target.part(component).link, how="reset")

    def open_connections(self, component: Component | str) -> int:
        """How many connections the link has now."""
        return self._line(component).open_connections

    def connections_so_far(self, component: Component | str) -> int:
        """How many connections were opened over the link, those that reached nobody included."""
        return self._line(component).total_connections

    def _line(self, component: Component | str) -> LinkStatus:
        name = self._target.part(component).link
        return next(link for link in self._stack.links() if link.name == name)

    @contextmanager
    def holding(self, component: Component | str) -> Iterator[Callable[[], int]]:
        """Nobody who asks the service is answered before the end of the block; gives how many connections wait."""
        self.silence(component)
        # A connection that is kept open would not show that somebody asks.
        self.reset_connections(component)
        yield partial(self.open_connections, component)
        self.heal(component)

    def heal(self, component: Component | str) -> None:
        """The link works again."""
        link = self._target.part(component).link
        self._stack.clear_fault(link)
        self._evidence.note("fault ended", link=link)
