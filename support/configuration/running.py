"""The configuration that the services run on: deployed by the operator, and what each of them says of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration import commands
from support.configuration.draft import Draft
from support.configuration.faults import Fault
from support.matchers.faultless import faultless, is_just
from support.platform.configured import RunningConfiguration
from support.platform.driver import Anyone
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import World
from support.service_coordination.service_discovery import Processes

RELOAD = "configuration reload"


@dataclass(frozen=True, slots=True)
class Before:
    """The configuration as it was."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the services ran on before anything was changed: by service, and the checksum that all of them had."""

    checksum: str
    version: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The services that were restarted on a changed configuration."""

    names: Sequence[str]


def reported(world: World) -> Mapping[str, RunningConfiguration]:
    """What every service of the platform says that it runs on, by its name."""
    places = {name: world.addresses.instances[name] for name in world.target.instances}
    return {name: world.platform.running_configuration(Anyone(), url).require() for name, url in places.items()}


def checksums(world: World) -> Mapping[str, str]:
    """The checksum of each service."""
    return {name: said.checksum for name, said in reported(world).items()}


def versions(world: World) -> Mapping[str, str]:
    """The name of the configuration that each service says."""
    return {name: said.version for name, said in reported(world).items()}


def on_all(world: World, value: str) -> Mapping[str, str]:
    """The same for every service."""
    return dict.fromkeys(world.target.instances, value)


def deploy(world: World, draft: Draft) -> None:
    """Have the draft in the place of the configuration that all services run on, until the end of the scenario."""
    _remember(world)
    _put(world, draft)
    world.keep(draft)
    world.evidence.note("deployed", changed=draft.changed, faults=[fault.key or fault.place for fault in draft.faults])


def change(world: World, edit: Callable[[Draft], None]) -> Draft:
    """Deploy the configuration as it is now with a change."""
    draft = Draft.of_deployed(world)
    edit(draft)
    deploy(world, draft)
    return draft


def deployed(world: World) -> Deployed:
    """What the services ran on before anything was changed.

    :raises NotShown: they do not run on the same.
    """
    return _remember(world)


def _remember(world: World) -> Deployed:
    if world.has_kept(Deployed):
        return world.kept(Deployed)
    said = set(checksums(world).values())
    if len(said) != 1:
        raise NotShown(f"the services do not run on the same configuration: {sorted(said)}")
    before = Draft.of_deployed(world)
    world.keep(Before(before))
    world.keep(Processes(world.faults.processes()))
    world.undo.register("restore the configuration", partial(_restore, world, before, said.copy().pop()))
    return world.keep(Deployed(said.pop(), str(before.settings["version"])))


def _restore(world: World, before: Draft, checksum: str) -> None:
    """Have the former configuration in its place; who has been started on another is started again."""
    _put(world, before)
    nobody: list[str] = []

    def others() -> list[str]:
        return [name for name, said in reported(world).items() if said.checksum != checksum or said.refused]

    if world.has_kept(Restarted):
        # They have been started on what cannot be changed back while they run.
        _restart(world, world.kept(Restarted).names)
    try:
        world.eventually(others, is_just(nobody), RELOAD, "services that do not run on the former configuration")
    except DeadlinePassed:
        _restart(world, others())
        world.expect(others(), is_just(nobody))


def restart(world: World, names: Sequence[str]) -> None:
    """Have the operator restart services; at the end of the scenario they are started on the former configuration."""
    world.keep(Restarted(names))
    _restart(world, names)


def _restart(world: World, names: Sequence[str]) -> None:
    with ThreadPoolExecutor() as together:
        list(together.map(world.stack.restart, names))


def undo_changes(world: World) -> None:
    """Deploy what the services ran on before anything was changed."""
    _put(world, world.kept(Before).draft)


def _put(world: World, draft: Draft) -> None:
    place = commands.of_deployment(world)
    draft.write(place.file, place.secrets)


def expect_everywhere(world: World) -> None:
    """Wait until every service runs on the file that is deployed now.

    :raises DeadlinePassed: one of them does not, in the time of a reload.
    """
    validated = commands.run(world, "validate", commands.of_deployment(world)).said["checksum"]
    world.eventually(partial(checksums, world), is_just(on_all(world, validated)), RELOAD, "the deployed configuration")


def expect_versions(world: World, name: str) -> None:
    """Wait until every service says that it runs on the configuration of this name.

    :raises DeadlinePassed: one of them does not, in the time of a reload.
    """
    world.eventually(partial(versions, world), is_just(on_all(world, name)), RELOAD, "the names that services report")


def sign_up_code(world: World) -> str:
    """The code with which somebody new is refused; "" when they are taken."""
    name = f"newcomer-{time.monotonic_ns()}"
    answer = world.platform.sign_up(
        Anyone(), organisation=name, email=f"{name}@customer.example", password=f"long enough {name}", plan="free"
    )
    return "" if answer.done else answer.problem.code if answer.problem else str(answer)


def expect_sign_up(world: World, code: str) -> None:
    """Wait until somebody new is refused with a code, or taken (""), in the time of a reload.

    :raises DeadlinePassed: they are not.
    """
    world.eventually(partial(sign_up_code, world), is_just(code), RELOAD, "what somebody new is answered")


def expect_refused(world: World) -> None:
    """Wait until every service says why it does not use what is deployed.

    :raises DeadlinePassed: one of them does not, in the time of a reload.
    """
    expected = world.kept(Draft).faults
    world.eventually(partial(reported, world), _refuse_because(expected), RELOAD, "why the change is refused")


def _refuse_because(faults: Sequence[Fault]) -> BaseMatcher[Mapping[str, RunningConfiguration]]:
    def faults_of(said: Mapping[str, RunningConfiguration]) -> list[str]:
        return [
            f"{name} refuses {dict(each.refused)}"
            for name, each in said.items()
            if len(each.refused) != len({fault.key or fault.place for fault in faults})
            or any(fault.reason not in each.refused.get(fault.key or fault.place, "") for fault in faults)
        ]

    return faultless("every service says why it refuses the change", faults_of)
