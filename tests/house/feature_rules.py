"""Rules for features: functions over behave's parsed model, each giving one line per breach."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from behave.model import Feature, Rule, Scenario, ScenarioOutline
from behave.parser import parse_feature

from support.platform.capabilities import Capability, needed
from tests.house.needs import implied_by
from tests.house.words import old_words_in

STAGES = frozenset({"smoke", "gate", "nightly"})
CUSTOMERS = frozenset({"free", "early", "mid", "enterprise"})
SEGMENTS = CUSTOMERS | {"platform"}
# What a scenario asks of a run. `exclusive`: the services to itself, because it breaks one for everybody.
# `timing`: judges time or processor use, so it is played at the end of a run with nothing else at work.
CONDITIONS = frozenset({"exclusive", "timing"})
VALUE_LINES = ("Segment", "Business goal", "Value impact", "Strategic impact")
CUSTOMER_FACING = frozenset({"agent_execution", "websocket_events", "tool_dispatcher", "business_data", "api"})

PROMISE_TAG = re.compile(r"[A-Z]{3}-\d\d")
NEEDS = frozenset(capability.tag for capability in Capability)
STEPS = range(3, 7)
# The quick look counts its scenarios as they are run, and looks at every finished category more than once.
SMOKE = range(25, 41)
SMOKE_OF_A_CATEGORY = 2

# What a product owner would stumble over. Tables may hold figures with their unit, where those are the promise.
TECHNICAL = (
    (re.compile(r"https?://|\bURLs?\b|\blocalhost\b", re.IGNORECASE), "an address"),
    (re.compile(r"\bSQL\b|\bSELECT\b|\bINSERT\b"), "SQL"),
    (re.compile(r"\bJSON\b", re.IGNORECASE), "JSON"),
    (re.compile(r"\bstatus code\b|\b[45]\d\d\b", re.IGNORECASE), "a status code"),
    (re.compile(r"\b\d+(\.\d+)?\s*(ms|s|seconds?|milliseconds?|minutes?)\b", re.IGNORECASE), "a number of seconds"),
    (re.compile(r"\b[A-Z][a-z0-9]+[A-Z]\w*|\b\w+\(\)"), "a class or function name"),
    (re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b"), "a name from the code"),
)


@dataclass(frozen=True, slots=True)
class Promises:
    """The project's list of promises: category of each ID, and the categories that are finished."""

    category_of: Mapping[str, str]
    finished: frozenset[str]


def parse(text: str, filename: str) -> Feature:
    """The feature in a text; behave's ParserError when it is none."""
    return parse_feature(text, filename=filename)


def outlines_and_scenarios(feature: Feature) -> Iterator[Scenario | ScenarioOutline]:
    """Each scenario as it is written: an outline once, not once for each of its examples."""
    for item in (feature, *feature.rules):
        yield from item.scenarios


def examples(feature: Feature) -> Iterator[Scenario]:
    """Each scenario as it is run: an outline once for each of its examples."""
    yield from feature.walk_scenarios()


def at(item: Feature | Rule | Scenario) -> str:
    """Where something stands, and its name."""
    return f"{item.filename}:{item.line}: {item.name}"


def closed_tags(feature: Feature, promises: Promises) -> Iterator[str]:
    """Every tag is known and stands where it belongs."""
    categories = set(promises.category_of.values())
    yield from _unknown(feature, feature.tags, categories | STAGES | CONDITIONS)
    if not set(feature.tags) & categories:
        yield f"{at(feature)}: no category among its tags"
    for rule in feature.rules:
        yield from _unknown(rule, rule.tags, set(promises.category_of) | STAGES | CONDITIONS, segments=True)
    for scenario in outlines_and_scenarios(feature):
        yield from _unknown(scenario, scenario.tags, STAGES | CONDITIONS)
        for table in getattr(scenario, "examples", ()):
            yield from _unknown(scenario, table.tags, STAGES | CONDITIONS)


def _unknown(
    item: Feature | Rule | Scenario, tags: Iterable[str], known: Iterable[str], segments: bool = False
) -> Iterator[str]:
    allowed = {*known, *(f"segment.{name}" for name in SEGMENTS if segments)}
    for tag in tags:
        if tag not in allowed and tag not in NEEDS:
            yield f"{at(item)}: @{tag} is unknown, or does not belong here"


def category_is_folder(feature: Feature, promises: Promises) -> Iterator[str]:
    """A feature has one category: that of its folder, and of the promises in it."""
    folder = Path(feature.filename).parent.name
    found = sorted(set(feature.tags) & set(promises.category_of.values()))
    if found != [folder]:
        yield f"{at(feature)}: the category is {', '.join(found) or 'missing'}, the folder {folder}"
    for rule in feature.rules:
        for promise in promises_of(rule):
            if promises.category_of.get(promise, folder) != folder:
                yield f"{at(rule)}: {promise} belongs to {promises.category_of[promise]}"


def promises_of(rule: Rule) -> list[str]:
    """The promise IDs on a rule."""
    return [str(tag) for tag in rule.tags if PROMISE_TAG.fullmatch(tag)]


def one_promise_each(feature: Feature, promises: Promises) -> Iterator[str]:
    """Every rule states one promise of the list, and every scenario belongs to a rule that has scenarios."""
    for rule in feature.rules:
        found = promises_of(rule)
        if len(found) != 1:
            yield f"{at(rule)}: one promise per rule, there are {len(found)}"
        yield from (
            f"{at(rule)}: {promise} is not promised" for promise in found if promise not in promises.category_of
        )
        if not rule.scenarios:
            yield f"{at(rule)}: no scenario shows it"
    yield from (f"{at(scenario)}: belongs to no rule" for scenario in feature.scenarios)


def one_stage(feature: Feature, _: Promises) -> Iterator[str]:
    """Every scenario has exactly one stage, its own or an inherited one."""
    for scenario in examples(feature):
        stages = sorted(STAGES & set(scenario.effective_tags))
        if len(stages) != 1:
            yield f"{at(scenario)}: one stage per scenario, there is {' and '.join(stages) or 'none'}"


def value_of(feature: Feature) -> dict[str, str]:
    """The value lines of a feature by their names."""
    lines = (line.partition(":") for line in feature.description)
    return {name.strip(): value.strip() for name, colon, value in lines if colon}


def complete_value(feature: Feature, _: Promises) -> Iterator[str]:
    """All four value lines are there and say something."""
    value = value_of(feature)
    yield from (f"{at(feature)}: '{name}:' is missing or empty" for name in VALUE_LINES if not value.get(name))


def segments_named(text: str) -> frozenset[str]:
    """The segments that a `Segment:` line names; "all customers" are the four that pay or may pay."""
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    return (frozenset(words) & SEGMENTS) | (CUSTOMERS if "all" in words else frozenset())


def segments_of(rule: Rule) -> frozenset[str]:
    """The segments that a rule's tags name."""
    return frozenset(tag.removeprefix("segment.") for tag in rule.tags if tag.startswith("segment."))


def segments_agree(feature: Feature, _: Promises) -> Iterator[str]:
    """Every rule names its segments, and together they are those of the feature's `Segment:` line."""
    for rule in feature.rules:
        if not segments_of(rule):
            yield f"{at(rule)}: no @segment"
    tagged = frozenset[str]().union(*map(segments_of, feature.rules))
    named = segments_named(value_of(feature).get("Segment", ""))
    if tagged != named:
        yield f"{at(feature)}: Segment: names {_list(named)}, the rules are tagged {_list(tagged)}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def three_to_six_steps(feature: Feature, _: Promises) -> Iterator[str]:
    """A scenario has three to six steps, its background's included, and one of them is a When."""
    for scenario in examples(feature):
        steps = list(scenario.all_steps)
        if len(steps) not in STEPS:
            yield f"{at(scenario)}: {len(steps)} steps"
        whens = sum(step.step_type == "when" for step in steps)
        if whens != 1:
            yield f"{at(scenario)}: {whens} steps are a When"


def _texts(feature: Feature) -> list[tuple[int, str]]:
    """Every title, value line and sentence of a feature, with its line."""
    texts = [(feature.line, text) for text in (feature.name, *feature.description)]
    texts += [(rule.line, text) for rule in feature.rules for text in (rule.name, *rule.description)]
    for scenario in outlines_and_scenarios(feature):
        texts += [(scenario.line, text) for text in (scenario.name, *scenario.description)]
        texts += [(step.line, f"{step.name} {step.text or ''}") for step in scenario.all_steps]
    return texts


def no_technical_words(feature: Feature, _: Promises) -> Iterator[str]:
    """Titles, values and sentences hold nothing that only an engineer understands."""
    for line, text in _texts(feature):
        for pattern, what in TECHNICAL:
            if found := pattern.search(text):
                yield f"{feature.filename}:{line}: {what} ({found[0]}): {text.strip()}"


MOST_WORDS = 12


def short_titles(feature: Feature, _: Promises) -> Iterator[str]:
    """A title is one fact in at most about twelve words."""
    for item in (feature, *feature.rules, *outlines_and_scenarios(feature)):
        if len(item.name.split()) > MOST_WORDS:
            yield f"{at(item)}: {len(item.name.split())} words, {MOST_WORDS} are allowed"


def plain_words(feature: Feature, _: Promises) -> Iterator[str]:
    """Features speak the field's own, current English."""
    for line, text in _texts(feature):
        yield from old_words_in(f"{feature.filename}:{line}", text)


def says_what_it_needs(feature: Feature, _: Promises) -> Iterator[str]:
    """Every scenario is tagged with the capabilities that its own sentences speak of."""
    for scenario in examples(feature):
        tagged = set(needed(scenario.effective_tags))
        missing = sorted(capability.tag for capability in implied_by(scenario) - tagged)
        if missing:
            yield f"{at(scenario)}: needs @{' @'.join(missing)}"


def unlike_any_other(features: Iterable[Feature]) -> Iterator[str]:
    """No two features share a goal or an impact, and no two scenarios a title."""
    seen: dict[tuple[str, str], str] = {}
    for feature in features:
        said = [(name, value_of(feature).get(name, ""), at(feature)) for name in VALUE_LINES[1:]]
        said += [("title", scenario.name, at(scenario)) for scenario in outlines_and_scenarios(feature)]
        said += [("feature", feature.name, at(feature))]
        for name, text, place in said:
            first = seen.setdefault((name, text.lower()), place)
            if first != place and text:
                yield f"{place}: the same {name.lower()} as {first}"


def finished_is_complete(features: Iterable[Feature], promises: Promises) -> Iterator[str]:
    """A finished category has a rule for every promise, and the customer-facing ones serve every segment."""
    ruled: set[str] = set()
    served: dict[str, set[str]] = defaultdict(set)
    for feature in features:
        for rule in feature.rules:
            ruled.update(promises_of(rule))
            for promise in promises_of(rule):
                served[promises.category_of.get(promise, "")].update(segments_of(rule))
    for promise, category in sorted(promises.category_of.items()):
        if category in promises.finished and promise not in ruled:
            yield f"{promise}: no rule, though {category} is finished"
    for category in sorted(promises.finished & CUSTOMER_FACING):
        if left_out := CUSTOMERS - served[category]:
            yield f"{category}: no scenario for {_list(left_out)}"


def quick_look_is_telling(features: Iterable[Feature], promises: Promises) -> Iterator[str]:
    """The smoke stage has few scenarios, some of each finished category, and none that needs a run to itself."""
    smoke = [scenario for feature in features for scenario in examples(feature) if "smoke" in scenario.effective_tags]
    if len(smoke) not in SMOKE:
        yield f"{len(smoke)} scenarios are @smoke, there should be {SMOKE.start} to {SMOKE.stop - 1}"
    tags = Counter(str(tag) for scenario in smoke for tag in scenario.effective_tags)
    for category in sorted(promises.finished):
        if tags[category] < SMOKE_OF_A_CATEGORY:
            yield f"{category}: {tags[category]} scenarios are @smoke, there should be {SMOKE_OF_A_CATEGORY}"
    for scenario in smoke:
        if slow := sorted(CONDITIONS & set(scenario.effective_tags)):
            yield f"{at(scenario)}: @smoke and @{slow[0]}"


# The rules that look at one feature at a time.
RULES = (
    closed_tags,
    category_is_folder,
    one_promise_each,
    one_stage,
    complete_value,
    segments_agree,
    three_to_six_steps,
    no_technical_words,
    short_titles,
    plain_words,
    says_what_it_needs,
)
