"""The words with a meaning in sentences: a name or kind that is not known makes the sentence undefined.

Step modules are loaded by name; the underscore brings this one before all that use the words.
"""

import re

from behave import register_type
from parse import with_pattern

from support.api.invalid_requests import Wrong
from support.api.outages import Breakdown
from support.api.tokens import BadToken
from support.business_data.caching import Change, Trouble
from support.business_data.invitations import Spent
from support.cloud.servers import Task
from support.platform.dialect import Closing
from support.scenario.agents import Agent
from support.scenario.budgets import load_budgets
from support.scenario.held_runs import Hanging
from support.scenario.sessions import Place, Stranger
from support.scenario.users import USER_PATTERN, Named, Plan
from support.scenario.watching import BadLine
from support.service_coordination.instances import BOTH
from support.tool_dispatcher.tool_failures import FLAWS
from support.tool_dispatcher.tool_permissions import TOOLS_TO
from support.websocket_events.error_events import Failure, Retry

# A feature counts in words: a number in figures reads like a status or a time.
COUNTS = {"one": 1, "two": 2, "four": 4, "two hundred": 200, "four hundred": 400}


@with_pattern(USER_PATTERN)
def user(text):
    return Named(text)


@with_pattern(rf"{USER_PATTERN}(?:, {USER_PATTERN})* and {USER_PATTERN}")
def users(text):
    return tuple(Named(alias.strip()) for alias in text.replace(" and ", ", ").split(", "))


@with_pattern(r"an? (?:Free|Early|Mid|Enterprise)")
def plan(text):
    return Plan(text.split()[1])


@with_pattern(r"an? (?:cost analysis|rightsizing plan|usage report|savings review)")
def agent(text):
    return Agent(text.partition(" ")[2])


@with_pattern(rf"{USER_PATTERN}(?:'s|')")
def owner(text):
    return Named(text.removesuffix("s").removesuffix("'") if text.endswith("'s") else text.removesuffix("'"))


@with_pattern(rf"(?:{'|'.join(TOOLS_TO)})(?:, (?:{'|'.join(TOOLS_TO)}))*(?: and (?:{'|'.join(TOOLS_TO)}))?")
def deeds(text):
    return text.replace(" and ", ", ").split(", ")


@with_pattern("|".join(FLAWS))
def flaw(text):
    return FLAWS[text]


@with_pattern(r"(?:completed|failed|timed out|cancelled)")
def status(text):
    return text.replace(" ", "_")


@with_pattern("|".join(load_budgets()))
def budget(text):
    return text


def kind(kinds):
    """One of the values of an enumeration, as they are."""
    return with_pattern("|".join(re.escape(each.value) for each in kinds))(kinds)


@with_pattern("|".join(sorted(COUNTS, key=len, reverse=True)))
def count(text):
    return COUNTS[text]


@with_pattern("|".join(BOTH))
def instance(text):
    return BOTH[text]


register_type(Instance=instance)
register_type(Count=count, Status=status, User=user, Users=users, Owner=owner, Plan=plan, Agent=agent)
register_type(
    Place=kind(Place), Stranger=kind(Stranger), BadLine=kind(BadLine), Failure=kind(Failure), Retry=kind(Retry)
)
register_type(
    Closing=kind(Closing), Budget=budget, BadToken=kind(BadToken), Wrong=kind(Wrong), Breakdown=kind(Breakdown)
)
register_type(Task=kind(Task), Flaw=flaw, Deeds=deeds)
register_type(Change=kind(Change), Trouble=kind(Trouble), Spent=kind(Spent), Hanging=kind(Hanging))
