"""What the impact report says of a change, and what the services do when it is deployed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration import commands, running
from support.configuration.changes import IMPACT
from support.configuration.draft import Candidate, Draft
from support.configuration.effects import KINDS
from support.configuration.restarts import needed
from support.matchers.faultless import faultless, is_just
from support.platform.target import kind_of
from support.scenario.world import World


@dataclass(frozen=True, slots=True)
class Touched:
    """What a report says of a changed key: the services that use it, and whether they take it while they run."""

    services: Sequence[str]
    is_taken_over: bool


@dataclass(frozen=True, slots=True)
class Impact:
    """What a report says: each changed key, and the services to be restarted."""

    changes: Mapping[str, Touched]
    restart: Sequence[str]


def reported(world: World) -> Impact:
    """The report that was asked for last."""
    said = world.kept(commands.Report).said
    changes = {row["key"]: Touched(tuple(row["services"]), not row["restart_needed"]) for row in said["changes"]}
    return Impact(changes, tuple(said["restart"]))


def expect_as_reported(world: World) -> None:
    """Deploy the candidate: in the time of a reload exactly the services that were named say that they must be
    restarted, and all others run on the candidate.

    :raises DeadlinePassed: something else happens.
    """
    said = reported(world)
    waiting = {key: touched.services for key, touched in said.changes.items() if not touched.is_taken_over}
    names = world.target.instances
    expected = {
        name: tuple(sorted(key for key, services in waiting.items() if kind_of(name) in services)) for name in names
    }
    validated = commands.run(world, "validate", commands.of_candidate(world)).said["checksum"]
    running.deploy(world, world.kept(Candidate).draft)

    def look() -> tuple[Any, Any]:
        on = {name: found.checksum for name, found in running.reported(world).items() if not expected[name]}
        return needed(world), on

    on_candidate = {name: validated for name in names if not expected[name]}
    happens = is_just((expected, on_candidate), "just those that were named say that they must be restarted")
    world.eventually(look, happens, running.RELOAD, "who must be restarted and who runs on the candidate")
    world.evidence.note("happened", restarts=expected, up_to_date=sorted(on_candidate))


# -- matchers ---------------------------------------------------------------------------------------------------------


def says(services: Sequence[str], take_over: bool, draft: Draft) -> BaseMatcher[Impact]:
    """Of every changed key just these services are named, and that they take it over or have to be restarted."""
    keys = _keys(draft)

    def faults_of(impact: Impact) -> list[str]:
        wrong = [] if set(impact.changes) == keys else [f"it names {sorted(impact.changes)}, expected {sorted(keys)}"]
        for key, touched in impact.changes.items():
            if touched != Touched(tuple(services), take_over):
                wrong.append(f"of {key} it says {touched}, expected {Touched(tuple(services), take_over)}")
        restarts = () if take_over else tuple(services)
        return wrong if impact.restart == restarts else [*wrong, f"to be restarted: {impact.restart}"]

    return faultless(f"{', '.join(services)}: {'taken over' if take_over else 'restart'}", faults_of)


def names_every_change(draft: Draft) -> BaseMatcher[Impact]:
    """Every changed key is named, and to be restarted is who uses one that is not taken over."""
    keys = _keys(draft)

    def faults_of(impact: Impact) -> list[str]:
        wrong = [f"{key} is missing" for key in sorted(keys - impact.changes.keys())]
        wrong += [f"{key} has not changed" for key in sorted(impact.changes.keys() - keys)]
        waiting = {
            each for touched in impact.changes.values() if not touched.is_taken_over for each in touched.services
        }
        if set(impact.restart) != waiting or waiting != KINDS:
            wrong.append(f"to be restarted: {impact.restart}, expected all five services")
        return wrong

    return faultless(f"{len(IMPACT)} changed settings and every service to be restarted", faults_of)


def _keys(draft: Draft) -> set[str]:
    """The keys whose values differ, those within a setting by themselves."""
    return {key for setting in draft.changed for key in draft.facts.keys_of(setting)}
