"""The vocabulary of the features: every sentence with what it does and who uses it, and the words in sentences."""

import ast
import inspect
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behave.matchers import ParseMatcher
from behave.runner import the_step_registry

from support.settings import CHECKOUT

_NAMED = 6
_ORDER = ("given", "when", "then")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its kind (given, when, then), its text with {slots}, what it does, its module and its features."""

    kind: str
    text: str
    meaning: str
    module: str
    used_in: tuple[str, ...]


def sentences(features: list[Any]) -> list[Sentence]:
    """All sentences of the loaded steps, shared ones first, then by module and kind."""
    used: dict[int, set[str]] = defaultdict(set)
    for feature in features:
        for scenario in feature.walk_scenarios():
            for step in scenario.all_steps:
                for definition in the_step_registry.steps[step.step_type]:
                    if definition.match(step.name):
                        used[id(definition)].add(Path(feature.filename).stem)
    found = [
        Sentence(
            kind,
            definition.pattern,
            _meaning(inspect.unwrap(definition.func)),
            str(Path(definition.location.filename).resolve().relative_to(CHECKOUT / "steps").with_suffix("")),
            tuple(sorted(used[id(definition)])),
        )
        for kind in _ORDER
        for definition in the_step_registry.steps[kind]
    ]
    return sorted(found, key=lambda one: (not one.module.startswith("shared/"), one.module, _ORDER.index(one.kind)))


def _meaning(step: Any) -> str:
    """The first line of what the step's first call into support says of itself; "" when it says nothing."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(step))).body
    assert isinstance(definition, ast.FunctionDef)
    for node in (node for statement in definition.body for node in ast.walk(statement)):
        if isinstance(node, ast.Call):
            said = inspect.getdoc(_called(node.func, step.__globals__)) or ""
            if said:
                return said.splitlines()[0]
    return ""


def _called(function: ast.expr, names: dict[str, Any]) -> Any:
    """What is called, where it is a function of a module of ours."""
    if isinstance(function, ast.Name):
        found = names.get(function.id)
    elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        found = getattr(names.get(function.value.id), function.attr, None)
    else:
        return None
    return found if str(getattr(found, "__module__", "")).startswith("support.") else None


def words() -> dict[str, list[str]]:
    """The entries of each parameter type whose words are a closed list."""
    found = {}
    for name, convert in sorted(ParseMatcher.TYPE_REGISTRY.items()):
        pattern = getattr(convert, "pattern", None)
        if pattern and not re.search(r"[(\[]", pattern.replace(r"\(", "").replace(r"\[", "")):
            found[name] = [re.sub(r"\\(.)", r"\1", entry) for entry in pattern.split("|")]
    return found


def _places(features: Sequence[str]) -> str:
    return f"{len(features)} features" if len(features) > _NAMED else ", ".join(features)


def lines(features: list[Any]) -> Iterator[str]:
    """The vocabulary for a reader."""
    module = ""
    for sentence in sentences(features):
        if sentence.module != module:
            module = sentence.module
            yield f"\n{module.replace('/', ' / ').replace('_', ' ')}"
        yield f"  {sentence.kind.capitalize():<5} {sentence.text}"
        if sentence.meaning:
            yield f"          {sentence.meaning}"
        if module.startswith("shared/"):
            yield f"          used in {_places(sentence.used_in)}"
    yield "\nwords"
    for name, entries in words().items():
        yield f"  {{{name}}}"
        yield from (f"          {entry}" for entry in sorted(entries))
