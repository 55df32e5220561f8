"""What commands say must show no secret."""

import json
from collections.abc import Mapping

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration import commands
from support.configuration.changes import SECRET_MARK
from support.configuration.draft import Candidate, Draft, candidate, flat
from support.matchers.faultless import faultless
from support.scenario.verdict import NotShown
from support.scenario.world import World


def said_by_commands(world: World) -> Mapping[str, str]:
    """What each command says, to people and to programs, of a candidate with faulty secrets and of one with sound.

    :raises NotShown: a sound one is refused.
    """
    faulty = world.kept(Candidate)
    said = _said(world, "faulty", commands.place_of(faulty))
    draft = Draft.of_deployed(world)
    for key in draft.facts.marked:
        draft.set(key, f"{SECRET_MARK}-{key}-of-more-than-thirty-two-characters")
    sound = commands.place_of(candidate(world, draft))
    world.keep(faulty)
    return said | _said(world, "sound", sound) | _compared(world, sound)


def _said(world: World, kind: str, place: commands.Place) -> dict[str, str]:
    return {
        f"{command} {'for programs' if as_json else 'for people'}, {kind}": _run(world, kind, command, place, as_json)
        for command in ("validate", "show")
        for as_json in (True, False)
    }


def _run(world: World, kind: str, command: str, place: commands.Place, as_json: bool) -> str:
    report = commands.run(world, command, place, as_json=as_json)
    if report.code and kind == "sound":
        raise NotShown(f"a configuration with sound secrets is refused: {report.text}")
    return report.text


def _compared(world: World, sound: commands.Place) -> dict[str, str]:
    place = commands.of_deployment(world)
    return {
        command: commands.run(world, command, place, str(sound.file), as_json=False).text
        for command in ("diff", "impact")
    }


def show_none(world: World) -> BaseMatcher[Mapping[str, str]]:
    """No text holds the mark of a secret, nor a secret that the services run on, nor one of the candidate."""
    known = {SECRET_MARK, *secrets_of(Draft.of_deployed(world)), *secrets_of(world.kept(Candidate).draft)}

    def faults_of(said: Mapping[str, str]) -> list[str]:
        return [f"{name} shows a secret" for name, text in said.items() if any(secret in text for secret in known)]

    return faultless("no secret in what commands say", faults_of)


def secrets_of(draft: Draft) -> frozenset[str]:
    """Every secret of a configuration, whichever layer holds it and whether or not a stronger one hides it."""
    texts = [str(value) for key, value in flat(draft.settings).items() if key.endswith(draft.facts.secret_endings)]
    listed = [each for key in (draft.facts.signing_keys, draft.facts.applications) for each in draft.value(key) or ()]
    known = [*texts, *(str(each["secret"]) for each in listed), *draft.secrets.values()]
    return frozenset(part for secret in known for part in _parts(secret) if part)


def _parts(secret: str) -> list[str]:
    """What must be seen nowhere: of an address its password, of keys each."""
    if "://" in secret:
        return [secret.partition("://")[2].rpartition("@")[0].partition(":")[2]] if "@" in secret else []
    if secret.startswith("["):
        return [str(key["secret"]) for key in json.loads(secret)]
    return [secret]
