"""Blind defects of CSC-03."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace as changed
from datetime import UTC, datetime
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-03oa",
    "a worker keeps to the tools instance that it has begun with for as long as that is there",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second tools instance beside the one that a worker uses: GET /v1/operations/instances lists
    # it, but of however many runs none of the calls goes to it (tool_calls.instance, its log), until the first one is
    # gone or the worker is started again.
    from apex.runtime.discovery import Directory

    @around(Directory, "pick")
    def pick(original: Callable[..., str], self: Any, avoid: Collection[str] = ()) -> str:
        # A line that is open already need not be opened.
        kept: str | None = getattr(self, "_kept", None)
        if kept is None or kept not in self._urls or kept in avoid:
            kept = self._kept = original(self, avoid)
        return kept


@blind_defect(
    "CSC-03pa",
    "an instance that is started again under its name is called where it was before",
    service="worker",
    scenario="Work follows an instance that has moved",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: end an instance of tools and start it again with the same --instance at another --port: GET
    # /v1/operations/instances lists its new address, but no call arrives there; with no other instance the tools cannot
    # be reached until the worker is started anew. An instance of a new name is found.
    from apex.runtime import discovery

    def run(self: Any) -> None:
        addresses: dict[str, str] = {}
        while not self._closed.is_set():
            try:
                found = [addresses.setdefault(each.name, each.url) for each in self._registry.instances()]
            except Exception as error:
                discovery.log.warning("instances not looked up", reason=type(error).__name__)
            else:
                self._urls = found or self._urls
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    replace(discovery.Directory, "run", run)


@blind_defect(
    "CSC-03qa",
    "an instance that broke off once is given no call any more",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: kill -9 the second of two tools instances while runs go on, and start it again at its place: it is in
    # GET /v1/operations/instances, and yet all calls (tool_calls.instance) are made by the first, until the worker is
    # started anew. One that has never been killed has its share.
    from apex.runtime.discovery import Directory

    @around(Directory, "pick")
    def pick(original: Callable[..., str], self: Any, avoid: Collection[str] = ()) -> str:
        broken: set[str] = self.__dict__.setdefault("_broken", set())
        broken.update(avoid)
        return original(self, broken)


@blind_defect(
    "CSC-03ra",
    "an instance registers with the configured address, wherever it listens",
    service="tools",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance of tools with --port and --advertise: GET /v1/operations/instances lists it by
    # its name, but with the address of the first; calls never reach it, and with the first one gone no tool answers.
    from dataclasses import replace as changed

    from apex.config.live import Configuration
    from apex.runtime import mesh
    from apex.runtime import service as module
    from apex.runtime.discovery import Instance
    from apex.settings import Listener

    original = mesh.instance_of

    def instance_of(service: str, name: str, configuration: Configuration) -> Instance:
        listener: Listener = getattr(configuration.settings, service)
        configured = str(configuration.value(f"{service}.url"))
        url = configured or f"http://{listener.host}:{configuration.value(f'{service}.port')}"
        return changed(original(service, name, configuration), url=url)

    replace(mesh, "instance_of", instance_of)
    replace(module, "instance_of", instance_of)


@blind_defect(
    "CSC-03ta",
    "instances are looked up at the start, and then only when one has broken off",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance of tools while the platform runs, and run twenty jobs: the operators' list
    # shows it, but it gets no call at all as long as the first one lives.
    import structlog

    from apex.runtime.discovery import Directory

    log = structlog.get_logger()

    @around(Directory, "pick")
    def _(original: Any, self: Any, avoid: Any = ()) -> str:
        if avoid:
            self.is_outdated = True
        url: str = original(self, avoid)
        return url

    def run(self: Any) -> None:
        self.is_outdated = True
        while not self._closed.is_set():
            if self.is_outdated:
                try:
                    found = [instance.url for instance in self._registry.instances()]
                except Exception as error:
                    log.warning("instances not looked up", reason=type(error).__name__)
                else:
                    self._urls = found or self._urls
                    self.is_outdated = not found
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    replace(Directory, "run", run)


@blind_defect(
    "CSC-03ua",
    "a worker never forgets a tools instance that it has once found",
    service="worker",
)
def _() -> None:
    # Observable: a tools instance crashes; long after its lease (and though operators do not see it any more) the
    # worker still sends every second call there first, as its log says ("tools instance broke off").
    from apex.runtime.discovery import Registry

    known: dict[str, Any] = {}

    @around(Registry, "instances")
    def _(original: Any, self: Any) -> list[Any]:
        known.update({instance.url: instance for instance in original(self)})
        return list(known.values())


@blind_defect(
    "CSC-03ub",
    "an instance that could not register once never registers again",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: Redis is away for a moment; a lease later the tools instances are gone from the operators' list, and
    # once a new one starts the workers use that one alone, until the others are restarted.
    from apex.runtime.discovery import Heartbeat, log

    def run(self: Heartbeat) -> None:
        try:
            while not self._closed.is_set():
                self._registry.register(self._instance)
                self._closed.wait(self._registry.settings.heartbeat_seconds)
        except Exception as error:
            log.warning("instance not registered", reason=type(error).__name__)

    replace(Heartbeat, "run", run)


@blind_defect(
    "CSC-03va", "instances are told apart by their machine: a second one there hides the first", service="tools"
)
def _() -> None:
    # Observable: two tools instances on one host; GET /v1/operations/instances never has more than one of them.
    from urllib.parse import urlsplit

    from apex.runtime import service

    @around(service, "instance_of")
    def instance(original: Any, *of: Any) -> Any:
        found = original(*of)
        return changed(found, name=urlsplit(found.url).hostname or found.name)


@blind_defect(
    "CSC-03wa",
    "an instance that is new gets no work for a quarter of a minute, if there is another",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance: it is in the list of instances, and every call goes to the first.
    from apex.runtime.discovery import Registry

    @around(Registry, "instances")
    def _(original: Any, registry: Any) -> Any:
        known = sorted(original(registry), key=lambda instance: str(instance.started_at))
        now = datetime.now(UTC)
        warm = [each for each in known if (now - datetime.fromisoformat(each.started_at)).total_seconds() > 15]
        return warm or known[:1]


@blind_defect(
    "CSC-03xa",
    "a running instance is not found again after its registration was lost",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: flush Redis, or let an instance be silent for a lease: /v1/operations/instances lists it no more.
    from apex.runtime.discovery import Registry

    @around(Registry, "register")
    def _(original: Any, registry: Any, instance: Any) -> None:
        if "_is_known" not in registry.__dict__:
            original(registry, instance)
            registry.__dict__["_is_known"] = True
            return
        milliseconds = round(registry.settings.lease_seconds * 1000)
        registry._register.registered_client.pexpire(registry._prefix + instance.name, milliseconds)


@blind_defect(
    "CSC-03ya",
    "an instance that once cannot register does not try again",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: Redis away for a moment and back: after a lease the instance, which still works, is known to nobody.
    from apex.runtime.discovery import Heartbeat

    def run(self: Any) -> None:
        while not self._closed.is_set():
            self._registry.register(self._instance)
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    replace(Heartbeat, "run", run)


@blind_defect(
    "CSC-03yb",
    "an instance that has once broken off is avoided for ever, also when it is back",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: kill one of two tools instances during a call and start it again at its address: it gets no calls.
    from apex.runtime.discovery import Directory

    avoided: set[str] = set()

    @around(Directory, "pick")
    def _(original: Any, self: Any, avoid: Any = ()) -> Any:
        avoided.update(avoid)
        return original(self, avoided)


@blind_defect(
    "CSC-03za",
    "a heartbeat does not renew a registration that is still there",
    service="tools",
)
def _() -> None:
    # Seen: every lease a living instance is missing for a moment from GET /v1/operations/instances.
    from apex.runtime import discovery

    written = "redis.call('SET', registration, ARGV[2], 'PX', ARGV[3])"
    assert written in discovery._REGISTER
    replace(discovery, "_REGISTER", discovery._REGISTER.replace(written, f"{written[:-1]}, 'NX')"))


@blind_defect("CSC-03zb", "a worker that knows an instance looks for others less and less often", service="worker")
def _() -> None:
    # Seen: a tools instance that is started after some minutes gets no call for up to a minute.
    from apex.runtime.discovery import Directory

    def run(self: Any) -> None:
        pause = self._registry.settings.heartbeat_seconds
        while not self._closed.is_set():
            try:
                found = [instance.url for instance in self._registry.instances()]
            except Exception:
                found = []
            if found and set(found) == set(self._urls):
                pause = min(pause * 2, 60.0)
            elif found:
                self._urls, pause = found, self._registry.settings.heartbeat_seconds
            self._closed.wait(pause)

    replace(Directory, "run", run)


@blind_defect(
    "CSC-03zc",
    "all calls go to the first instance while it is there",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Seen: the second instance is listed and gets no call.
    from apex.runtime.discovery import Directory

    def pick(self: Any, avoid: Collection[str] = ()) -> str:
        urls: list[str] = self._urls
        return next((url for url in urls if url not in avoid), urls[0])

    replace(Directory, "pick", pick)


@blind_defect("CSC-03zd", "an instance that was found once stays in a worker's list", service="worker")
def _() -> None:
    # Seen: long after the crash the worker still calls the dead instance in its turn (log: broke off).
    from apex.runtime.discovery import Directory

    @around(Directory, "pick")
    def _(original: Callable[..., str], self: Any, avoid: Collection[str] = ()) -> str:
        known = self.__dict__.setdefault("_found", {})
        known.update(dict.fromkeys(self._urls))
        self._urls = list(known)
        return original(self, avoid)


@blind_defect("CSC-03ma", "a worker gives calls to the first two tools instances, a third gets none", service="worker")
def _() -> None:
    # Observable: with three tools instances (by name), the third is in every list of instances, and no call ever
    # reaches it while the first two are there.
    from apex.runtime.discovery import Directory

    def pick(self: Any, avoid: Collection[str] = ()) -> str:
        urls = self._urls[:2]
        candidates = [url for url in urls if url not in avoid] or urls
        url: str = candidates[next(self._turns) % len(candidates)]
        return url

    replace(Directory, "pick", pick)
