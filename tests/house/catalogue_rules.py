"""Rules for the catalogue of defects: every scenario can be turned red, and every defect says where."""

import ast
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from behave.model import Feature

from support.proof.catalogue import Defect
from tests.house.feature_rules import outlines_and_scenarios, promises_of

# What stands after the steps of every scenario.
EXAMINATIONS = frozenset(
    f"the {oracle} finds nothing"
    for oracle in (
        "leak canary",
        "story oracle",
        "records oracle",
        "books oracle",
        "resources oracle",
        "answers oracle",
        "identities oracle",
        "resources oracle",
    )
)


@dataclass(frozen=True, slots=True)
class Written:
    """A scenario as it is written: its title, the promise of its rule, the texts of its steps."""

    title: str
    promise: str
    steps: frozenset[str]


def written(features: Iterable[Feature]) -> list[Written]:
    """All scenarios that belong to a rule; an outline once, with its <placeholders>."""
    found = []
    for feature in features:
        promise_of = {id(scenario): promises_of(rule) for rule in feature.rules for scenario in rule.scenarios}
        for scenario in outlines_and_scenarios(feature):
            promise = next(iter(promise_of.get(id(scenario), [])), "")
            found.append(Written(scenario.name, promise, frozenset(step.name for step in scenario.all_steps)))
    return found


def breaches(scenarios: Sequence[Written], defects: Sequence[Defect]) -> Iterator[str]:
    """Both ways: scenarios and promises without a defect; defects without their scenario, step or promise."""
    by_title = {scenario.title: scenario for scenario in scenarios}
    for defect in defects:
        scenario = by_title.get(defect.scenario)
        if scenario is None:
            yield f"{defect.id}: no scenario is called {defect.scenario!r}"
            continue
        if defect.step not in scenario.steps | EXAMINATIONS:
            yield f"{defect.id}: {scenario.title!r} has no step {defect.step!r}"
        # Who wrote a blind one did not know which promise would notice it.
        if defect.promise != scenario.promise and not defect.blind:
            yield f"{defect.id}: {scenario.title!r} shows {scenario.promise or 'no promise'}"
    seeded = {defect.scenario for defect in defects}
    yield from (f"no defect turns it red: {title!r}" for title in sorted(by_title.keys() - seeded))
    promised = {scenario.promise for scenario in scenarios if scenario.promise}
    yield from (f"{promise}: no defect" for promise in sorted(promised - {defect.promise for defect in defects}))


_ALIKE = 0.93
"""The share of equal text from which on two defects are the same mistake."""


def alike(sources: Mapping[str, str]) -> Iterator[str]:
    """Blind defects of one promise that make the same mistake; comments and layout do not tell them apart.

    :param sources: what each defect does, by its ID.
    """
    bodies = {id: ast.unparse(ast.parse(textwrap.dedent(source)).body[0].body) for id, source in sources.items()}  # type: ignore[attr-defined]
    for one, other in combinations(sorted(bodies), 2):
        if one[:6] != other[:6]:
            continue
        compared = SequenceMatcher(None, bodies[one], bodies[other], autojunk=False)
        if compared.quick_ratio() >= _ALIKE and compared.ratio() >= _ALIKE:
            yield f"{one} and {other} make the same mistake"
