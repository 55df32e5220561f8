"""What a platform may be able to do: the closed list behind the tags ``@needs.<capability>``.

A target says which of these its platform has. A scenario that needs another one is skipped there with the reason, and
counted; an unknown name is a mistake in the feature.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

PREFIX = "needs."


class Capability(Enum):
    """One thing that a scenario may need; the value is what the report says that the platform lacks."""

    ACCOUNTS = "sign-up and organisations of its own"
    COLLEAGUES = "several people in one organisation"
    ROLES = "roles with different rights"
    PLANS = "plans with different rights"
    SESSIONS = "sessions that can be renewed and ended"
    APPLICATIONS = "applications of others that customers let act for them"
    OPERATOR = "an operator who sees all customers"
    CONVERSATIONS = "conversations that customers keep"
    MESSAGES = "messages that customers write"
    MESSAGE_PAGES = "messages that are read page by page"
    MESSAGE_MOVES = "messages that can be moved to another conversation"
    CANCELLATION = "runs that can be cancelled"
    TIME_LIMITS = "time limits for runs"
    OWN_TIME_LIMITS = "time limits that are asked for with each run"
    DELEGATION = "agents that delegate to others"
    BRANCHES = "agents that follow several lines of work at once"
    RUNS_TOGETHER = "several runs of one conversation at once"
    USAGE_METERING = "reported resource usage"
    LIVE_EVENTS = "live events"
    USER_STREAMS = "one stream with all live events of a user"
    RUN_NUMBERS = "live events that are numbered within their run"
    SEQUENCE_NUMBERS = "live events that are numbered for each user"
    TIMESTAMPS = "the times of live events"
    ERROR_CODES = "errors that say what failed and whether a retry can help"
    CALL_DURATIONS = "the durations of tool calls"
    PROGRESS = "a progress figure for runs"
    RESUME = "events missed that can be received after reconnecting"
    NOTICES = "notices to everyone"
    TOOLS = "a list of tools with rights of their own"
    TOOL_REGISTRATION = "tools that come and go while it runs"
    CLOUD_ACCOUNTS = "agents that work in the customer's cloud account"
    ALLOWANCES = "an allowance with budgets and expenses"
    JOB_RECORDS = "job records in an analytics store"
    RATE_LIMITS = "rate limits by plan"
    PUBLISHED_API = "a published description of its API"
    PUBLISHED_EVENTS = "a published description of its live events"
    RESULT_ADDRESSES = "events that name the address of a result too large for them"
    ENDPOINT_RULES = "rules and examples for its endpoints"
    REQUEST_IDS = "a request ID in every answer"
    PARTNER = "agents that call the suite's partner"
    TRACES = "trace IDs that it passes on"
    OWN_DATABASE = "a database that the suite can look into"
    OWN_RECORDS = "knowledge of what its tables mean"
    KNOWN_WRITES = "knowledge of the tables that a request for a run writes to"
    ROW_SECURITY = "customers that the database itself keeps apart"
    SEPARATE_WORKERS = "workers that run apart from its API"
    IDEMPOTENCY_KEYS = "requests with a key that are made once however often they are sent"
    REPLICA = "a replica of its database that the suite can promote"
    POOL_METRICS = "figures of its database pool"
    REDELIVERY = "what its stores refuse is set aside until an operator has it delivered again"
    CONFIGURATION = "layered configuration with commands that check and compare it"
    HOT_RELOAD = "settings that change while it runs"
    OWN_SERVICES = "services that the suite starts and breaks"
    OWN_STORES = "databases and caches that the suite starts and breaks"
    EVENT_STORE = "a store of its own for live events"

    @property
    def tag(self) -> str:
        return f"{PREFIX}{self.name.lower()}"


OF_THE_SUITE = frozenset({Capability.ENDPOINT_RULES, Capability.OWN_RECORDS, Capability.KNOWN_WRITES})
"""What a platform cannot have itself: the suite knows it of the platform, or does not."""

EVERYTHING = frozenset(Capability)
"""What the reference platform has."""


class UnknownCapability(ValueError):
    """A tag names a capability that is not on the list."""


def needed(tags: Iterable[str]) -> list[Capability]:
    """The capabilities that a scenario's tags name, in the order of the list.

    :raises UnknownCapability: one of them is not on the list.
    """
    named = {tag for tag in tags if tag.startswith(PREFIX)}
    known = {capability.tag: capability for capability in Capability}
    if unknown := sorted(named - known.keys()):
        raise UnknownCapability(f"@{unknown[0]} names no capability; there are {', '.join(sorted(known))}")
    return [capability for tag, capability in known.items() if tag in named]


def missing(
    tags: Iterable[str], platform: str, has: frozenset[Capability], off: Mapping[Capability, str] | None = None
) -> str | None:
    """Why a scenario with these tags cannot be played on a platform, in one line; None when it can.

    :param off: of a capability that the platform may well have, why it is off, or how it is turned on.
    :raises UnknownCapability: a tag names none.
    """
    lacking: dict[str, list[str]] = {}
    for capability in needed(tags):
        if capability not in has:
            who = "the suite" if capability in OF_THE_SUITE else f"the platform {platform}"
            why = f" ({off[capability]})" if off and capability in off else ""
            lacking.setdefault(who, []).append(f"{capability.value}{why}")
    return "; ".join(f"{who} lacks {', '.join(what)}" for who, what in lacking.items()) or None
