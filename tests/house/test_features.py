"""The features keep the rules, and every rule can be broken."""

from collections.abc import Callable, Iterator

import pytest
from behave.model import Feature

from tests.house import feature_rules, promises
from tests.house.feature_rules import Promises, parse

KNOWN = Promises({"WSE-03": "websocket_events", "WSE-04": "websocket_events", "AEC-01": "agent_execution"}, frozenset())

GOOD = """\
@websocket_events @gate
Feature: A dropped connection loses nothing
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep customers who work on unreliable networks
  Value impact:     Users see the whole analysis, wherever they are
  Strategic impact: Trust in live results is what the chat product sells

  @WSE-03 @segment.early @segment.mid @segment.enterprise
  @needs.live_events @needs.cloud_accounts @needs.run_numbers
  Rule: Missed events arrive after reconnecting, in order and once

    @needs.resume @needs.own_services
    Scenario: The connection is reset in the middle of a run
      Given Acme watches a running cost analysis
      When Acme's connection is reset and Acme reconnects
      Then Acme has received every event of the run in order, each once
      And the answer equals the savings in Acme's own inventory

    @exclusive @needs.own_services
    Scenario Outline: The network is poor
      Given Acme watches a running cost analysis
      When Acme's network is <poor>
      Then Acme has received every event of the run in order, each once
        | ceiling   |
        | 2 seconds |

      Examples:
        | poor |
        | slow |
        | torn |
"""

# Each breach: the rule, what is put in place of what, and what the finding must say.
BREACHES = [
    ("closed_tags", "@gate", "@gate @flaky", "@flaky"),
    ("closed_tags", "@websocket_events @gate", "@gate", "no category"),
    ("closed_tags", "@exclusive", "@wip", "@wip"),
    ("closed_tags", "@exclusive", "@WSE-03", "@WSE-03"),
    ("closed_tags", "@exclusive", "@timings", "@timings"),
    ("closed_tags", "@segment.mid", "@segment.middle", "@segment.middle"),
    ("closed_tags", "      Examples:", "      @needs.Sequence\n      Examples:", "@needs.Sequence"),
    ("category_is_folder", "@websocket_events", "@agent_execution", "the folder websocket_events"),
    ("category_is_folder", "@WSE-03", "@AEC-01", "AEC-01 belongs to agent_execution"),
    ("one_promise_each", "@WSE-03", "@WSE-99", "not promised"),
    ("one_promise_each", "@WSE-03", "@WSE-03 @WSE-04", "there are 2"),
    ("one_promise_each", "@WSE-03", "", "there are 0"),
    ("one_promise_each", "  Rule: Missed", "  Rule: Nothing\n\n  @WSE-04\n  Rule: Missed", "no scenario"),
    ("one_promise_each", "  @WSE-03", "  Scenario: Loose\n    Given Acme\n\n  @WSE-03", "belongs to no rule"),
    ("one_stage", "@gate", "", "there is none"),
    ("one_stage", "@exclusive", "@nightly", "gate and nightly"),
    ("complete_value", "  Value impact:     Users see the whole analysis, wherever they are\n", "", "Value impact"),
    ("complete_value", "Early, Mid and Enterprise", "", "Segment"),
    ("segments_agree", "Early, Mid and Enterprise", "Early and Mid", "enterprise"),
    ("segments_agree", "Early, Mid and Enterprise", "All customers", "free"),
    ("segments_agree", " @segment.early @segment.mid @segment.enterprise", "", "no @segment"),
    ("three_to_six_steps", "      When Acme's connection is reset and Acme reconnects\n", "", "0 steps are a When"),
    (
        "three_to_six_steps",
        "      And the answer",
        "      When Acme waits\n      Then the answer",
        "2 steps are a When",
    ),
    ("three_to_six_steps", "      When Acme's network is <poor>\n", "", "2 steps"),
    (
        "three_to_six_steps",
        "      And the answer",
        "      And a\n      And b\n      And c\n      And the answer",
        "7 steps",
    ),
    ("no_technical_words", "reconnects", "reconnects within 2 seconds", "number of seconds"),
    ("no_technical_words", "reconnects", "reconnects to https://apex.test", "an address"),
    ("no_technical_words", "A dropped", "A status code of a dropped", "a status code"),
    ("no_technical_words", "Trust in live", "JSON in live", "JSON"),
    ("no_technical_words", "The network is poor", "The EventStream is poor", "a class"),
    ("no_technical_words", "every event", "every agent_started", "a name from the code"),
    ("no_technical_words", "every event", "SELECT every event", "SQL"),
    ("short_titles", "The network is poor", "The network is poor" + " and poor" * 5, "14 words"),
    ("short_titles", "A dropped connection loses", "A dropped connection" + " never ever" * 5 + " loses", "15 words"),
    ("says_what_it_needs", "@needs.resume ", "", "needs @needs.resume"),
    ("says_what_it_needs", "@exclusive @needs.own_services", "@exclusive", "needs @needs.own_services"),
    ("says_what_it_needs", "@needs.live_events ", "", "needs @needs.live_events"),
    ("plain_words", "Acme has received", "Acme is told of", "say is notified"),
    ("plain_words", "The network is poor", "A stranger is turned away", "say an outsider"),
    ("plain_words", "chat product sells", "doors are open to", "say API endpoint"),
]


def rule_named(name: str) -> Callable[[Feature, Promises], Iterator[str]]:
    return next(rule for rule in feature_rules.RULES if rule.__name__ == name)


def feature(text: str, folder: str = "websocket_events", file: str = "reconnect.feature"):
    return parse(text, f"features/{folder}/{file}")


@pytest.mark.parametrize("rule", feature_rules.RULES, ids=lambda rule: rule.__name__)
def test_good_feature_breaks_no_rule(rule):
    assert list(rule(feature(GOOD), KNOWN)) == []


@pytest.mark.parametrize(("rule", "old", "new", "finding"), BREACHES)
def test_breach_is_found(rule, old, new, finding):
    assert old in GOOD
    findings = list(rule_named(rule)(feature(GOOD.replace(old, new)), KNOWN))
    assert any(finding in found for found in findings), findings


def test_every_rule_has_a_breach():
    assert {rule.__name__ for rule in feature_rules.RULES} == {breach[0] for breach in BREACHES}


@pytest.mark.parametrize("place", ["@gate\n", "@segment.mid", "@exclusive", "      Examples:"])
@pytest.mark.parametrize("tag", ["@exclusive", "@timing"])
def test_condition_may_stand_wherever_it_holds(place, tag):
    added = f"      {tag}\n{place}" if place.endswith("Examples:") else f"{tag} {place}"
    assert place in GOOD
    assert list(feature_rules.closed_tags(feature(GOOD.replace(place, added)), KNOWN)) == []


def test_shared_value_line_and_title_are_found():
    other = GOOD.replace("A dropped connection", "A silent connection")
    findings = list(feature_rules.unlike_any_other([feature(GOOD), feature(other, file="silent.feature")]))
    assert {found.partition("the same ")[2].partition(" as ")[0] for found in findings} == {
        "business goal",
        "value impact",
        "strategic impact",
        "title",
    }


def test_finished_category_lacking_a_rule_or_a_segment_is_found():
    finished = Promises(KNOWN.category_of, frozenset({"websocket_events"}))
    findings = list(feature_rules.finished_is_complete([feature(GOOD)], finished))
    assert findings == [
        "WSE-04: no rule, though websocket_events is finished",
        "websocket_events: no scenario for free",
    ]


def quick_look(examples: int, tags: str = "@smoke", finished: str = "websocket_events") -> list[str]:
    """What is found when a feature has so many examples in the smoke stage."""
    row = "        | torn |\n"
    text = GOOD.replace(" @gate", "").replace("    Scenario: ", "    @gate\n    Scenario: ")
    text = text.replace("@exclusive", tags).replace(row, row * (examples - 1))
    known = Promises(KNOWN.category_of, frozenset({finished}))
    return list(feature_rules.quick_look_is_telling([feature(text)], known))


@pytest.mark.parametrize("examples", [25, 40])
def test_quick_look_of_the_right_size_is_kept(examples):
    assert quick_look(examples) == []


@pytest.mark.parametrize("examples", [24, 41])
def test_quick_look_that_shows_little_or_takes_long_is_found(examples):
    assert quick_look(examples) == [f"{examples} scenarios are @smoke, there should be 25 to 40"]


def test_quick_look_that_leaves_out_a_category_is_found():
    assert quick_look(30, finished="api") == ["api: 0 scenarios are @smoke, there should be 2"]


@pytest.mark.parametrize("tag", ["exclusive", "timing"])
def test_quick_look_that_needs_a_run_to_itself_is_found(tag):
    found = quick_look(25, f"@smoke @{tag}")
    assert len(found) == 25
    assert all(each.endswith(f"@smoke and @{tag}") for each in found)


def test_quick_look_is_telling(features):
    assert list(feature_rules.quick_look_is_telling(features, promises.load())) == []


@pytest.mark.parametrize("rule", feature_rules.RULES, ids=lambda rule: rule.__name__)
def test_features_keep(rule, features):
    known = promises.load()
    breaches = [found for each in features for found in rule(each, known)]
    assert not breaches, "\n".join(breaches)


def test_features_are_unlike_each_other(features):
    assert list(feature_rules.unlike_any_other(features)) == []


def test_finished_categories_are_complete(features):
    assert list(feature_rules.finished_is_complete(features, promises.load())) == []
