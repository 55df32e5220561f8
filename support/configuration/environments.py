"""The layers of a configuration, and what differs between environments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hamcrest import ends_with
from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.matcher import Matcher

from support.configuration import commands
from support.configuration.changes import sheltered_in
from support.configuration.draft import Candidate, Draft, candidate, facts
from support.configuration.effects import KINDS
from support.matchers.faultless import faultless
from support.platform.configured import RunningConfiguration
from support.scenario.world import World

Shown = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class OfEnvironments:
    """Every setting of each environment, by the environment and the key."""

    shown: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class OfRehearsal:
    """What each service of another environment says that it runs on."""

    said: Mapping[str, RunningConfiguration]


def set_in(draft: Draft, layer: str, setting: str, value: str) -> None:
    """Have a layer set a setting."""
    key = draft.facts.settings[setting].key
    if layer == "deployment file":
        draft.set(key, value)
    elif layer == "secrets directory":
        draft.secrets[draft.facts.file_of(key)] = f"{value}\n"
    else:
        draft.variables[draft.facts.variable_of(key)] = value


def set_in_secret(draft: Draft, setting: str, value: str, oddity: Callable[[str], str]) -> None:
    """Have a secret set a setting, in a file that is written in an odd way."""
    draft.secrets[draft.facts.file_of(draft.facts.settings[setting].key)] = oddity(value)


def candidate_with(world: World, layer: str, setting: str, value: str) -> None:
    """Have a candidate of which a layer sets a setting; in one that there is already, if so."""
    draft = world.kept(Candidate).draft if world.has_kept(Candidate) else Draft.of_deployed(world)
    set_in(draft, layer, setting, value)
    candidate(world, draft)


def effective(world: World, setting: str) -> Any:
    """The value of a setting that the candidate's layers come to."""
    return commands.shown(world, commands.of_candidate(world))[facts(world).settings[setting].key]["value"]


def source(world: World, setting: str) -> str:
    """Where the value of a setting stands that the candidate's layers come to."""
    shown = commands.shown(world, commands.of_candidate(world))[facts(world).settings[setting].key]
    return str(shown["source"])


def is_in(world: World, layer: str, setting: str) -> Matcher[str]:
    """The name of a layer's place."""
    key = facts(world).settings[setting].key
    kept = world.kept(Candidate)
    places = {
        "deployment file": str(kept.file),
        "secrets directory": str(kept.secrets / facts(world).file_of(key)),
        "environment variable": "environment variable",
    }
    return ends_with(places[layer])


def show_each(world: World) -> None:
    """Have the operator show the same deployment in each environment."""
    shown = {}
    for environment in facts(world).environments:
        draft = Draft.of_deployed(world)
        sheltered_in(environment, draft)
        shown[environment] = commands.shown(world, commands.place_of(candidate(world, draft)))
    world.keep(OfEnvironments(shown))


def have_the_same_settings() -> BaseMatcher[OfEnvironments]:
    """Every environment has every setting that any of them has, of the same type."""

    def faults_of(of: OfEnvironments) -> list[str]:
        types = {name: {key: row["type"] for key, row in shown.items()} for name, shown in of.shown.items()}
        every = {key: kind for each in types.values() for key, kind in each.items()}
        return [
            f"{key} is {each.get(key, 'missing')} in {name}, {kind} elsewhere"
            for name, each in types.items()
            for key, kind in sorted(every.items())
            if each.get(key) != kind
        ]

    return faultless("the same settings of the same types in every environment", faults_of)


def differ_where_they_may(world: World) -> BaseMatcher[OfEnvironments]:
    """Whatever differs may; and something does."""
    may = tuple(facts(world).per_environment)

    def faults_of(of: OfEnvironments) -> list[str]:
        first, *others = of.shown.values()
        differing = {key for other in others for key, row in other.items() if row["value"] != first[key]["value"]}
        if not differing:
            return ["nothing differs"]
        return [f"{key} differs" for key in sorted(differing) if not key.startswith(may)]

    return faultless("differences only where environments may differ", faults_of)


def all_run_on(expected: RunningConfiguration) -> BaseMatcher[OfRehearsal]:
    """All five services run on this configuration, and need no restart."""

    def faults_of(of: OfRehearsal) -> list[str]:
        wrong = [f"{kind} runs on {said}" for kind, said in of.said.items() if said != expected]
        return wrong if of.said.keys() == KINDS else [*wrong, f"only {sorted(of.said)} have said anything"]

    return faultless(f"five services that run on {expected}", faults_of)
