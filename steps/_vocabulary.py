"""The words with a meaning in sentences: a name or kind that is not known makes the sentence undefined.

Step modules are loaded by name; the underscore brings this one before all that use the words.
"""

from behave import register_type
from parse import with_pattern

from support.agent_execution import words as agent_execution
from support.api import words as api
from support.business_data import words as business_data
from support.configuration import words as configuration
from support.database_management import words as database_management
from support.load import populations
from support.scenario import assets, work
from support.scenario.agents import Agent
from support.scenario.budgets import load_budgets
from support.scenario.users import USER_PATTERN, Named, Plan, Role
from support.scenario.words import entries, entry
from support.service_coordination import words as service_coordination
from support.tool_dispatcher import words as tool_dispatcher
from support.walk.moves import KINDS
from support.websocket_events import words as websocket_events

CATEGORIES = (
    agent_execution,
    api,
    business_data,
    configuration,
    database_management,
    service_coordination,
    tool_dispatcher,
    websocket_events,
)


@with_pattern(USER_PATTERN)
def user(text):
    return Named(text)


@with_pattern(rf"{USER_PATTERN}(?:, {USER_PATTERN})* and {USER_PATTERN}")
def users(text):
    return tuple(Named(alias.strip()) for alias in text.replace(" and ", ", ").split(", "))


@with_pattern(rf"{USER_PATTERN}(?:'s|')")
def owner(text):
    return Named(text.removesuffix("s").removesuffix("'") if text.endswith("'s") else text.removesuffix("'"))


def with_article(kinds, shown=str):
    """A kind with its article: "a Mid", "an Enterprise"."""
    table = {f"{'an' if shown(each)[0] in 'AEIOaeio' else 'a'} {shown(each)}": each for each in kinds}
    return entry(table)


def gathered(name, general):
    """A table of words, with what the categories add to it; a word has one meaning."""
    table = dict(general)
    for category in CATEGORIES:
        added = getattr(category, name, {})
        if twice := table.keys() & added.keys():
            raise ValueError(f"{category.__name__}.{name}: {', '.join(twice)} has a meaning already")
        table |= added
    return table


register_type(User=user, Users=users, Owner=owner)
register_type(
    Plan=with_article(Plan, lambda plan: plan.value),
    Agent=with_article(Agent, lambda agent: agent.value),
    Role=entry({"the owner": Role.OWNER, "an admin": Role.ADMIN, "a member": Role.MEMBER, "a viewer": Role.VIEWER}),
    Status=entry({status.replace("_", " "): status for status in ("completed", "failed", "timed_out", "cancelled")}),
    Budget=entry({name: name for name in load_budgets()}),
    Work=entry(gathered("WORK", work.WORK)),
    Assets=entries(gathered("ASSETS", assets.ASSETS)),
    Group=entry(gathered("GROUPS", populations.GROUPS)),
    WalkKind=entry({name: name for name in KINDS}),
)
register_type(**gathered("TYPES", {}))
