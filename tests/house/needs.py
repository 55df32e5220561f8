"""What a scenario needs of a platform, read from its own sentences: each must say so with a tag."""

import re

from behave.model import Scenario

from support.platform.capabilities import Capability

IMPLIED = (
    (Capability.ACCOUNTS, r"signs up|sign-up|account from sign-up|the database holds (?:one|no) account"),
    (Capability.COLLEAGUES, r"\b(?:Ada|Ben|Cleo|Dan) of\b|of ten people|in every role|a member in each segment"),
    (Capability.ROLES, r"in every role|permitted roles|\bAda of Acme is an admin"),
    (Capability.PLANS, r"plans and roles|rate limit"),
    (Capability.SESSIONS, r"renew|refresh token|logs? out|logs in|another device|expires? soon|token expires|session"),
    (Capability.OPERATOR, r"\boperators?\b"),
    (Capability.CONVERSATIONS, r"conversation"),
    (Capability.MESSAGES, r"reads back|pages through the messages|each have a conversation|messages moved"),
    (Capability.MESSAGE_PAGES, r"pages through the messages"),
    (Capability.MESSAGE_MOVES, r"messages moved|messages move"),
    (Capability.CANCELLATION, r"\bcancel"),
    (Capability.TIME_LIMITS, r"time limit|too long|timed[ -]out"),
    (Capability.OWN_TIME_LIMITS, r"with a time limit that waits"),
    (Capability.DELEGATION, r"savings review|delegated"),
    (Capability.USAGE_METERING, r"times as much as|multiples of|elapsed time|reports \d+ tool calls"),
    (
        Capability.LIVE_EVENTS,
        r"\bwatches\b|connection has (?:received|stayed)|is notified|error event|connects to|stalled connection"
        r"|open tabs?|events",
    ),
    (Capability.RUN_NUMBERS, r"in order, each once|in order, and nothing else|no gap and no duplicate"),
    (Capability.USER_STREAMS, r"slow connection|intermittent"),
    (Capability.SEQUENCE_NUMBERS, r"no gap to|without a gap|once that events were missed"),
    (Capability.TIMESTAMPS, r"events arrive within the target time"),
    (Capability.ERROR_CODES, r"is notified .*(?:a retry|the worker was lost)|what to do"),
    (Capability.CALL_DURATIONS, r"duration reported"),
    (Capability.PROGRESS, r"the progress that"),
    (Capability.RESUME, r"\breconnects\b"),
    (Capability.NOTICES, r"\bnotice\b(?! that)"),
    (Capability.TOOLS, r"published tool list|tries every tool"),
    (Capability.TOOL_REGISTRATION, r"currency tool"),
    (
        Capability.CLOUD_ACCOUNTS,
        r"in the cloud|cloud account|one of each resource|people in every role|cost analys|savings review"
        r"|price list",
    ),
    (Capability.ALLOWANCES, r"allowance|expense|budgets?\b"),
    (Capability.JOB_RECORDS, r"job record|record of each job|is counted against"),
    (Capability.RATE_LIMITS, r"rate limit"),
    (Capability.PUBLISHED_EVENTS, r"published event reference"),
    (Capability.RESULT_ADDRESSES, r"at the address in the last event"),
    (
        Capability.ENDPOINT_RULES,
        r"(?:every|affected|read-only) (?:\S+ )?API endpoints?|every request with|in every way|the same requests"
        r"|access rule",
    ),
    (
        Capability.PUBLISHED_API,
        r"published API reference|(?:every|affected|read-only) (?:\S+ )?API endpoints?"
        r"|every request with|in every way|the same requests",
    ),
    (
        Capability.PARTNER,
        r"\bpartner\b|price list|research|currency tool|waits for|worker capacity|worker of the run|time limit|too long"
        r"|timed[ -]out|tools in parallel|continues after|tool fails beside|one beside it fails"
        r"|in any order|job records? of|twenty jobs",
    ),
    (Capability.REQUEST_IDS, r"request ID"),
    (Capability.TRACES, r"trace ID|IDs of its own request"),
    (
        Capability.OWN_RECORDS,
        r"start and the end of each tool call|stored durations|corrupted"
        r"|lost database connection .*(?:booking|as it completes)"
        r"|database holds nothing",
    ),
    (Capability.KNOWN_WRITES, r"lost database connection .* request for"),
    (Capability.ROW_SECURITY, r"on behalf of|isolation binds"),
    (Capability.SEPARATE_WORKERS, r"worker was lost|connection has stayed open|worker of the run shuts down"),
    (
        Capability.OWN_DATABASE,
        r"the database|invitation that has expired|both budgets at the same time|to each of the others at the same time"
        r"|people with an allowance|every table|corrupted|database connection|data is unchanged",
    ),
    (Capability.OWN_STORES, r"restarts empty|data loss|cache (?:has lost|has crashed|does not respond)"),
    (
        Capability.OWN_SERVICES,
        r"crash(?:es)? and restarts|restarts empty|worker of the run|unreachable|drops every|does not respond"
        r"|tools instances?|silently dropped|is reset|slow connection|intermittent|stalled|has just restarted|the log "
        r"|(?:terminates|ends) its process|two backends",
    ),
)
_PATTERNS = [(capability, re.compile(pattern, re.IGNORECASE)) for capability, pattern in IMPLIED]


def implied_by(scenario: Scenario) -> set[Capability]:
    """The capabilities that a scenario's steps and tables speak of; an exclusive one breaks services of its own."""
    texts = [step.name for step in scenario.all_steps]
    texts += [cell for step in scenario.all_steps if step.table for row in step.table for cell in row]
    said = "\n".join(texts)
    found = {capability for capability, pattern in _PATTERNS if pattern.search(said)}
    return found | ({Capability.OWN_SERVICES} if "exclusive" in scenario.effective_tags else set())
