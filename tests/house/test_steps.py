"""Every sentence has one step, and every step a sentence."""

import json
import subprocess
import sys

import pytest

from support.settings import CHECKOUT

STEPS = """\
from behave import given, register_type, then, when
from parse import with_pattern

@with_pattern("fast|slow")
def pace(text):
    return text

@with_pattern("[a-z]+")
def number(text):
    return int(text)

register_type(Pace=pace, Number=number)

@given("Acme watches a run")
def _(context): pass

@when("the line is {pace:Pace}")
def _(context, pace): pass

@then("{count:Number} events have come")
def _(context, count): pass
"""

SENTENCES = """\
Feature: A
  Rule: B
    Scenario Outline: C
      Given Acme watches a run
      When the line is <pace>
      Examples:
        | pace |
        | slow |
"""


def breaches_in(checkout):
    command = [sys.executable, "-m", "tests.house.step_usage", str(checkout)]
    return json.loads(subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def house(tmp_path):
    def build(steps: str, sentences: str, **others: str) -> list[str]:
        for name, text in {"steps/area/a.py": steps, "features/area/a.feature": sentences, **others}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return [found.partition(":")[0] for found in breaches_in(tmp_path)]

    return build


def test_fitting_house_has_only_the_unused_step(house):
    assert house(STEPS, SENTENCES) == ["unused"]


@pytest.mark.parametrize(
    ("steps", "sentences", "kind"),
    [
        (STEPS, SENTENCES.replace("slow", "sloow"), "undefined"),
        (STEPS, SENTENCES.replace("When the", "Then ten events have come\n      When the"), "unreadable"),
        (STEPS + '\n@when("the line {is_} slow")\ndef _(context, is_): pass\n', SENTENCES, "ambiguous"),
        (STEPS + '\n@given("Acme watches a run")\ndef _(context): pass\n', SENTENCES, "ambiguous"),
        (STEPS + '\nuse_step_matcher("re")\n@given("Acme (")\ndef _(context): pass\n', SENTENCES, "broken step"),
    ],
)
def test_breach_is_found(house, steps, sentences, kind):
    assert kind in house(steps, sentences)


def test_a_step_of_another_feature_is_astray(house):
    assert "astray" in house("", SENTENCES, **{"steps/area/b.py": STEPS})


def test_a_step_of_two_features_belongs_to_the_shared_ones(house):
    assert "astray" in house(STEPS, SENTENCES, **{"features/area/b.feature": SENTENCES})


def test_steps_and_sentences_fit():
    assert list(CHECKOUT.glob("features/**/*.feature")), "there are no features"
    breaches = breaches_in(CHECKOUT)
    assert not breaches, "\n".join(breaches)
