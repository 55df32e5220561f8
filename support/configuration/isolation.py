"""Operators who show the token of one environment to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration.rehearsals import Rehearsal, operator_logs_in
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.world import World


@dataclass(frozen=True, slots=True)
class Visits:
    """What operators were answered in their own environment, and in the other one."""

    own: Sequence[Outcome]
    foreign: Sequence[Outcome]


def visit(world: World) -> Visits:
    """The operator of each environment logs in there, and uses the access token and the refresh token in both."""
    here, there = world.platform, world.kept(Rehearsal).platform
    own, foreign = [], []
    for home, abroad in ((here, there), (there, here)):
        session = operator_logs_in(world, home).require()
        bearer = Anyone(session.access_token)
        own.append(home.me(bearer))
        foreign += [abroad.me(bearer), abroad.refresh(Anyone(), session.refresh_token)]
        foreign += _elsewhere(abroad, bearer) if abroad is here else []
        own.append(home.refresh(Anyone(), session.refresh_token))
    return Visits(own, foreign)


def _elsewhere(platform: HttpDriver, bearer: Anyone) -> list[Outcome]:
    """Every service that looks at customers' tokens is asked."""
    return [platform.agents(bearer), platform.jobs(bearer, "00000000-0000-4000-8000-000000000000")]


def are_accepted() -> BaseMatcher[Sequence[Outcome]]:
    """Each answer is a success."""
    return faultless("accepted", lambda seen: [str(answer) for answer in seen if not answer.done])


def are_unauthenticated() -> BaseMatcher[Sequence[Outcome]]:
    """Each answer says that the caller is not known."""
    return faultless(
        "unknown callers", lambda seen: [str(each) for each in seen if each.meaning is not Meaning.UNAUTHENTICATED]
    )
