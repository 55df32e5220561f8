"""Services that are started with other settings than those that run, although they depend on each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration import commands, starts
from support.configuration.draft import Draft, candidate, facts
from support.configuration.faults import Complaint, Fault, names_just
from support.platform.driver import Anyone
from support.platform.target import kind_of
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.programs import Program


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A shared setting, by its key, with the value that the running services have, and the candidate's."""

    key: str
    running: str
    candidate: str


def contradict(world: World, setting: str) -> None:
    """Have a candidate with another value of a setting that services share."""
    key = facts(world).agreed[setting]
    draft = Draft.of_deployed(world)
    running = str(draft.value(key) or facts(world).agreed_default[key])
    other = OTHERS[setting](running)
    draft.set(key, other)
    world.keep(Contradiction(key, running, other))
    candidate(world, draft)


def _next_port(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.hostname}:{(parts.port or 0) + 1}").geturl()


OTHERS: Mapping[str, Callable[[str], str]] = {
    "token issuer": lambda running: "https://another.example",
    "token audience": lambda running: "another-audience",
    "address of the auth service": lambda running: "http://another.example",
    "port of the auth service": _next_port,
    "address of the analytics service": lambda running: "http://another.example",
}
"""Another value of each shared setting."""


def names_both_sides(world: World, service: str) -> BaseMatcher[Complaint]:
    """A start of this service is refused: the setting is so here and so there. Its owner is held against everybody."""
    contradiction = world.kept(Contradiction)
    owner = contradiction.key.partition(".")[0]
    kind = facts(world).services[service].rpartition(".")[2]
    others = [name for name in world.target.instances if owner in (kind, kind_of(name))]
    told = "is '{}' here and '{}' at {}"
    sides = (contradiction.candidate, contradiction.running)
    faults = [Fault("", contradiction.key, told.format(*sides, name)) for name in others]
    return names_just(faults, facts(world).refused)


@dataclass(frozen=True, slots=True)
class OneMore:
    """A process beside those of the stack, and where it answers."""

    program: Program
    url: str


def start_one_more(world: World, service: str) -> None:
    """Have one more process of a service run until the end of the scenario."""
    place, port = commands.of_candidate(world), world.stack.free_port()
    program = world.programs.start(
        facts(world).services[service],
        "--config", str(place.file), "--secrets", str(place.secrets), "--instance", "candidate", "--port", str(port),
        *commands.as_started(world, starts.like(world, service)),
        log=world.addresses.log_dir / "candidate.log",
    )  # fmt: skip
    world.undo.register("end the candidate", program.end)
    world.keep(OneMore(program, f"http://127.0.0.1:{port}"))


def expect_ready(world: World) -> None:
    """Wait until the process that was started last answers.

    :raises DeadlinePassed: it does not, in the time of a start.
    """
    one = world.kept(OneMore)
    ask = partial(world.platform.running_configuration, Anyone(), one.url)
    world.eventually(lambda: ask().done, bool, "start", "the answer of the new process")
    if one.program.has_ended:
        raise NotShown("somebody else answers in its place")
