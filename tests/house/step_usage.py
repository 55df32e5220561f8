"""How sentences and steps fit together: `python -m tests.house.step_usage CHECKOUT` prints breaches as JSON.

A process of its own, because behave keeps step definitions and parameter types in global registries.
"""

import inspect
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from behave.matchers import MatchWithError
from behave.parser import parse_feature
from behave.runner_util import load_step_modules
from behave.step_registry import AmbiguousStep, registry


def breaches(checkout: Path) -> list[str]:
    """Sentences without a step, with several or with a word that a step cannot read; steps without a sentence."""
    steps = checkout / "steps"
    folders = [steps, *sorted(path for path in steps.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    try:
        load_step_modules([str(folder) for folder in folders])
    except AmbiguousStep as error:
        return [f"ambiguous: {' '.join(str(error).split())}"]
    found = [f"broken step: {step.describe()}" for step in registry.error_handler.bad_step_definitions]
    used: dict[Any, set[str]] = defaultdict(set)
    for path in sorted((checkout / "features").rglob("*.feature")):
        feature = parse_feature(path.read_text(encoding="utf-8"), filename=str(path.relative_to(checkout)))
        for scenario in feature.walk_scenarios():
            for step in scenario.all_steps:
                matches = _matches(step)
                for definition, _ in matches:
                    used[definition].add(feature.filename)
                found += _sentence_breaches(step, matches)
    defined = {definition for definitions in registry.steps.values() for definition in definitions}
    found += [f"unused: {step.describe()}  # {step.location}" for step in defined - used.keys()]
    found += _astray(steps, used)
    return sorted(set(found))


def _astray(steps: Path, used: Mapping[Any, set[str]]) -> Iterator[str]:
    """A step of one feature stands in the module of its name, one of several in steps/shared/."""
    features_of: dict[Any, set[str]] = defaultdict(set)
    for definition, features in used.items():
        features_of[inspect.unwrap(definition.func)] |= features
    for step, features in features_of.items():
        module = Path(inspect.getsourcefile(step) or "").resolve().relative_to(steps.resolve()).with_suffix("")
        own = {Path(feature).relative_to("features").with_suffix("") for feature in features}
        if len(own) == 1 and module not in own:
            yield f"astray: steps/{module}.py:{step.__code__.co_firstlineno}: only {min(own)} uses it"
        elif len(own) > 1 and module.parts[0] != "shared":
            yield f"astray: steps/{module}.py:{step.__code__.co_firstlineno}: {len(own)} features use it"


def _matches(step: Any) -> list[tuple[Any, Any]]:
    definitions = [*registry.steps[step.step_type], *registry.steps["step"]]
    matched = ((definition, definition.match(step.name)) for definition in definitions)
    return [(definition, match) for definition, match in matched if match]


def _sentence_breaches(step: Any, matches: list[tuple[Any, Any]]) -> list[str]:
    sentence = f"{step.filename}:{step.line}: {step.keyword} {step.name}"
    if not matches:
        return [f"undefined: {sentence}"]
    if len(matches) > 1:
        return [f"ambiguous: {sentence}"]
    if isinstance(matches[0][1], MatchWithError):
        return [f"unreadable: {sentence}"]
    return []


if __name__ == "__main__":
    json.dump(breaches(Path(sys.argv[1])), sys.stdout)
