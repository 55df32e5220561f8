"""The words with a meaning in sentences: a name or kind that is not known makes the sentence undefined.

Step modules are loaded by name; the underscore brings this one before all that use the words.
"""

from behave import register_type
from parse import with_pattern

from support.agents import Agent
from support.users import USER_PATTERN, Plan, Stage


@with_pattern(USER_PATTERN)
def user(text):
    return Stage.user(text)


@with_pattern(rf"{USER_PATTERN}(?:, {USER_PATTERN})* and {USER_PATTERN}")
def users(text):
    return [Stage.user(alias.strip()) for alias in text.replace(" and ", ", ").split(", ")]


@with_pattern(r"an? (?:Free|Early|Mid|Enterprise)")
def plan(text):
    return Plan(text.split()[1])


@with_pattern(r"an? (?:cost analysis|rightsizing plan|usage report|piece of advice)")
def agent(text):
    return Agent(text.partition(" ")[2])


@with_pattern(rf"{USER_PATTERN}(?:'s|')")
def owner(text):
    return Stage.user(text.removesuffix("s").removesuffix("'") if text.endswith("'s") else text.removesuffix("'"))


@with_pattern(r"(?:completed|failed|timed out|cancelled)")
def status(text):
    return text.replace(" ", "_")


register_type(Status=status, User=user, Users=users, Owner=owner, Plan=plan, Agent=agent)
