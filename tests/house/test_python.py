"""Python modules keep the rules, and every rule can be broken."""

import pytest

from tests.house import project, python_rules
from tests.house.python_rules import Module

DOC = '"""Something."""\n'

BREACHES = [
    ("environment_has_one_reader", "support/scenario/users.py", "import os\nos.environ['X']"),
    ("environment_has_one_reader", "apex/storage/stream.py", "from os import environ"),
    ("environment_has_one_reader", "tests/test_a.py", "import os\nos.getenv('X')"),
    ("behave_stays_outside", "support/scenario/world.py", "from behave import given"),
    ("behave_stays_outside", "apex/storage/stream.py", "import behave.model"),
    ("matchers_are_pure", "support/matchers/story.py", "import requests"),
    ("matchers_are_pure", "support/matchers/story.py", "from os.path import exists"),
    ("matchers_are_pure", "support/matchers/story.py", "def f():\n    import redis.client"),
    ("matchers_are_pure", "support/api/outage_matchers.py", "open('x')"),
    ("suite_and_platform_are_separate", "apex/storage/stream.py", "import support.platform.story"),
    ("suite_and_platform_are_separate", "apex/agents/cost.py", "from tests import house"),
    ("suite_and_platform_are_separate", "apex/runtime/launch.py", "from defects import catalogue"),
    ("suite_and_platform_are_separate", "support/scenario/users.py", "from apex.storage.stream import Stream"),
    ("suite_and_platform_are_separate", "steps/given.py", "import apex"),
    ("suite_and_platform_are_separate", "environment.py", "from apex import settings"),
    ("stores_are_opened_in_one_place", "support/api/tokens.py", "import psycopg\npsycopg.connect('')"),
    ("stores_are_opened_in_one_place", "steps/api/tokens.py", "import redis\nredis.Redis.from_url('')"),
    ("nobody_sleeps_or_pretends", "support/scenario/waiting.py", "import time\ntime.sleep(0.1)"),
    ("nobody_sleeps_or_pretends", "steps/when.py", "from time import sleep"),
    (
        "nobody_sleeps_or_pretends",
        "apex/storage/stream.py",
        "import asyncio\nasync def f():\n    await asyncio.sleep(1.0)",
    ),
    ("nobody_sleeps_or_pretends", "tests/test_a.py", "from unittest.mock import patch"),
    ("nobody_sleeps_or_pretends", "tests/test_a.py", "from unittest import mock"),
    ("nobody_sleeps_or_pretends", "support/scenario/undo.py", "try:\n    f()\nexcept Exception:\n    pass"),
    ("nobody_sleeps_or_pretends", "support/scenario/undo.py", "try:\n    f()\nexcept:\n    ..."),
    ("public_things_are_described", "support/scenario/users.py", "x = 1"),
    ("public_things_are_described", "apex/storage/stream.py", f"{DOC}def f():\n    return 1"),
    ("public_things_are_described", "apex/storage/stream.py", f"{DOC}class C:\n    x = 1"),
    (
        "public_things_are_described",
        "apex/storage/stream.py",
        f"{DOC}class C:\n    {DOC}\n    def f(self):\n        x()\n        return 1",
    ),
    ("steps_are_short", "environment.py", "\n" * 80),
    ("steps_are_short", "steps/then.py", "\n" * 221),
    ("steps_are_short", "steps/then.py", "def _(context):\n" + "    f()\n" * 9),
]

KEPT = [
    ("environment_has_one_reader", "support/surroundings.py", "import os\nos.environ['X']"),
    ("behave_stays_outside", "steps/given.py", "from behave import given"),
    ("matchers_are_pure", "support/matchers/story.py", "import re\nfrom hamcrest import equal_to"),
    ("suite_and_platform_are_separate", "targets/apex/plugin/probes.py", "from apex.agents import Agent"),
    ("stores_are_opened_in_one_place", "support/stores/opened.py", "import psycopg\npsycopg.connect('')"),
    ("nobody_sleeps_or_pretends", "support/stack/partner.py", "import asyncio\nasyncio.sleep(delay)"),
    (
        "nobody_sleeps_or_pretends",
        "support/scenario/undo.py",
        "try:\n    f()\nexcept Exception as error:\n    note(error)",
    ),
    ("nobody_sleeps_or_pretends", "defects/events.py", "import time\ntime.sleep(0.1)"),
    ("public_things_are_described", "apex/storage/stream.py", f"{DOC}def _f():\n    return 1"),
    ("steps_are_short", "steps/then.py", "def _(context):\n" + "    f()\n" * 8),
]


def rule_named(name):
    return next(rule for rule in python_rules.RULES if rule.__name__ == name)


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_breach_is_found(rule, path, text):
    assert list(rule_named(rule)(Module(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_what_is_allowed_is_not_found(rule, path, text):
    assert list(rule_named(rule)(Module(path, text))) == []


def test_every_rule_has_a_breach_and_a_counterpart():
    names = {rule.__name__ for rule in python_rules.RULES}
    assert {breach[0] for breach in BREACHES} == names
    assert {kept[0] for kept in KEPT} == names


def test_relative_import_is_resolved():
    assert list(python_rules.imports(Module("support/matchers/story.py", "from ..users import User"))) == [
        (1, "support.users.User")
    ]


@pytest.fixture(scope="module")
def modules():
    found = [Module(path, project.text_of(path) or "") for path in project.files() if path.endswith(".py")]
    assert {"environment.py", "steps", "support", "apex"} <= {module.path.partition("/")[0] for module in found}
    return found


@pytest.mark.parametrize("rule", python_rules.RULES, ids=lambda rule: rule.__name__)
def test_modules_keep(rule, modules):
    breaches = [found for module in modules for found in rule(module)]
    assert not breaches, "\n".join(breaches)
