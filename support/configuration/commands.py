"""The platform's commands on configurations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.configuration.draft import Candidate, deployed_file, facts
from support.configuration.faults import Complaint
from support.platform.components import Component
from support.scenario.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """What a command said, and all that it wrote as text."""

    code: int
    said: Mapping[str, Any]
    text: str = field(repr=False)

    @property
    def complaint(self) -> Complaint:
        """The faults, a line each."""
        parts = ([fault["source"], fault["key"], fault["reason"]] for fault in self.said.get("faults", []))
        return Complaint(self.code, [": ".join(part for part in each if part) for each in parts])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration stands, and the variables beside it."""

    file: Path
    secrets: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> Sequence[str]:
        """How a service or a command is told of it."""
        return ("--config", str(self.file), "--secrets", str(self.secrets))


def of_candidate(world: World) -> Place:
    """The candidate's."""
    return place_of(world.kept(Candidate))


def place_of(candidate: Candidate) -> Place:
    """A candidate's."""
    return Place(candidate.file, candidate.secrets, candidate.draft.variables)


def of_deployment(world: World) -> Place:
    """Those that the services run on."""
    return Place(deployed_file(world), deployed_file(world).parent / "secrets")


def run(world: World, command: str, place: Place, *arguments: str, as_json: bool = True) -> Report:
    """Have the operator run a command of the platform's on a configuration."""
    given = [command, *place.arguments, *arguments]
    # As the backend runs, so does the command: with the same defects, if any.
    started = as_started(world, world.target.part(Component.API).service)
    given += [*started, *(["--json"] if as_json else [])]
    ended = world.programs.run(facts(world).command, *given, variables=variables_of(world, place, started))
    world.evidence.note("command", command=command, code=ended.code, errors=ended.errors)
    said = json.loads(ended.output) if as_json and ended.output else {}
    return world.keep(Report(ended.code, said, ended.output + ended.errors))


def impact(world: World) -> Report:
    """Have the operator ask what deploying the candidate would touch."""
    candidate = of_candidate(world)
    return run(
        world, "impact", of_deployment(world), str(candidate.file), "--candidate-secrets", str(candidate.secrets)
    )


def as_started(world: World, name: str) -> Sequence[str]:
    """The arguments beyond the usual ones with which a service was started."""
    return next(status.extra_args for status in world.stack.services() if status.name == name)


def variables_of(world: World, place: Place, started: Sequence[str]) -> Mapping[str, str]:
    """Those beside a configuration. A defect is planted in no live deployment, and a file that cannot be read does not
    say that it is none: whoever plants one says so.
    """
    named = {facts(world).variable_of("deployment"): "rehearsal"} if started else {}
    return {**named, **place.variables}


def shown(world: World, place: Place) -> Mapping[str, Mapping[str, Any]]:
    """Every setting of a configuration by its key: value, type and source.

    :raises AssertionError: it has faults.
    """
    report = run(world, "show", place)
    if report.code:
        raise AssertionError(f"a configuration that should be valid has faults: {report.text}")
    return {row["key"]: row for row in report.said["settings"]}
