"""Starts of services on configurations that they must refuse."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration import mesh
from support.configuration.changes import missing
from support.configuration.commands import Place, as_started, variables_of
from support.configuration.draft import Candidate, Draft, facts
from support.configuration.faults import Complaint, names_just
from support.load.http_crowd import a_few_at_a_time
from support.matchers.faultless import faultless
from support.scenario.world import World
from support.stack.programs import Ended
from support.stores import opened

_SESSIONS = "select distinct application_name from pg_stat_activity where application_name like any(%s)"


@dataclass(frozen=True, slots=True)
class Start:
    """A start that was tried, of a service under that name at that port, and what it said."""

    service: str
    instance: str
    port: int
    complaint: Complaint


@dataclass(frozen=True, slots=True)
class StartsWithout:
    """What a service said without each of the required settings."""

    of: Mapping[str, Complaint]


@dataclass(frozen=True, slots=True)
class Traces:
    """What is there of a service: who listens on its port, and which database sessions bear its name.

    ``known`` are those of the services that run, seen in the same way.
    """

    listens: bool
    sessions: Sequence[str]
    known: Sequence[str]


def start(world: World, service: str, place: Place) -> Start:
    """Try to start a service; one that starts is ended, and has not refused anything."""
    port, instance = world.stack.free_port(), f"candidate-{service.split()[0]}"
    started = as_started(world, like(world, service))
    ended = world.programs.run(
        facts(world).services[service],
        *place.arguments, "--instance", instance, "--port", str(port),
        *started,
        variables=variables_of(world, place, started),
    )  # fmt: skip
    world.evidence.note("start", service=service, code=ended.code, errors=ended.errors)
    if ended.code < 0:
        # It ran, and the others have come to know it.
        world.undo.register(f"see {instance} forgotten", partial(mesh.expect_all, world, within="start"))
    return Start(service, instance, port, Complaint(ended.code, _lines(ended)))


def like(world: World, service: str) -> str:
    """The instance that runs of a service, by its name in features."""
    kind = facts(world).services[service].rpartition(".")[2]
    return world.target.of_kind(kind)[0]


def without_each_required(world: World, service: str) -> StartsWithout:
    """Try to start a service without each of the required settings, a few at a time."""
    folder = world.kept(Candidate).file.parent

    def tried(key: str) -> Complaint:
        draft = Draft.of_deployed(world)
        draft.remove(key)
        file, secrets = folder / f"without {key}.toml", folder / f"without {key}"
        draft.write(file, secrets)
        return start(world, service, Place(file, secrets)).complaint

    keys = facts(world).required
    return StartsWithout(dict(zip(keys, a_few_at_a_time(tried, keys), strict=True)))


def traces(world: World) -> Traces:
    """What is there of the service that was started last."""
    tried = world.kept(Start)
    with socket.socket() as probe:
        listens = probe.connect_ex(("127.0.0.1", tried.port)) == 0
    known = [*world.target.instances]
    with opened.as_observer(world) as connection:
        names = [
            str(name) for (name,) in connection.execute(_SESSIONS, [[f"{each}%" for each in (tried.instance, *known)]])
        ]
    return Traces(
        listens,
        [name for name in names if name.startswith(tried.instance)],
        [name for name in names if not name.startswith(tried.instance)],
    )


# -- matchers ---------------------------------------------------------------------------------------------------------


def leave_nothing() -> BaseMatcher[Traces]:
    """Nobody listens and no session is there, in a list in which those of the running services are."""

    def faults_of(found: Traces) -> list[str]:
        wrong = ["somebody listens on its port"] if found.listens else []
        wrong += [f"the database has a session of {name}" for name in found.sessions]
        return wrong if found.known else [*wrong, "no session of a running service is seen either"]

    return faultless("no listener and no database session", faults_of)


def name_the_missing_one(world: World) -> BaseMatcher[StartsWithout]:
    """Without each setting the start is refused, and just that one is named."""
    code = facts(world).refused

    def faults_of(starts: StartsWithout) -> list[str]:
        wrong = []
        for key, said in starts.of.items():
            draft = Draft.of_deployed(world)
            draft.remove(key)
            expected = names_just(missing(draft, [key]), code)
            if not expected.matches(said):
                wrong.append(f"without {key}: exit code {said.code}, {list(said.lines)}")
        return wrong

    return faultless("a refusal for each missing setting that names it alone", faults_of)


def _lines(ended: Ended) -> Sequence[str]:
    """The faults that a service named, after the words that say that it does not start."""
    first, _, others = ended.errors.strip().partition("\n")
    return others.splitlines() if others else [first.partition("start refused: ")[2] or first]
