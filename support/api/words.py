"""The words of the API in sentences; see support/scenario/words.py."""

from collections.abc import Callable, Sequence
from typing import Any

from hamcrest.core.matcher import Matcher

from support.api import (
    calls,
    concurrent_requests,
    invalid_requests,
    log_in_limits,
    outages,
    owned_resources,
    permissions,
    polling,
    rate_limits,
    run_status,
    tokens,
)
from support.api.calls import Call
from support.api.cross_tenant_access_matchers import are_as_if_nothing_existed
from support.api.mutations import RequestError
from support.api.outages_matchers import are_failures, show_nothing_internal
from support.platform.dialect import Meaning
from support.scenario.assets import Asset
from support.scenario.sessions import new_token
from support.scenario.users import User
from support.scenario.words import entry, kind
from support.scenario.work import Work
from support.scenario.world import World

ASSETS: dict[str, Asset] = {
    "one of each resource": owned_resources.one_of_each,
    "people in every role": permissions.people_in_every_role,
    "a renewed session": lambda world, user: tokens.renew(world, user).require(),
    "a session on another device": lambda world, user: world.keep(tokens.OtherSession(new_token(world, user))),
    "an exhausted rate limit": rate_limits.exhaust,
    "an exhausted log-in limit": log_in_limits.exhaust,
    "a corrupted cloud account": outages.corrupt_cloud_account,
    "corrupted runs": outages.corrupt_runs,
}
GROUPS: dict[str, Callable[[World], None]] = {
    "fifty customers with a conversation each": concurrent_requests.customers_with_conversations
}
WORK: dict[str, Work] = {
    "an agent that asks the partner twenty questions": run_status.asking_twenty_questions,
    "a savings review that waits for the partner's price list": run_status.waiting_review,
}

ACTIONS: dict[str, Callable[[World, User], Sequence[Call]]] = {
    "renews the session": tokens.renewing,
    "reuses the refresh token": tokens.reusing,
    "renews the session and tries to book an expense": permissions.book_with_renewed_session,
    "logs out": tokens.logging_out,
    "waits as long as Retry-After says and calls the API again": rate_limits.after_waiting,
    "waits as long as Retry-After says and logs in on a new device": log_in_limits.log_in_after_waiting,
    "requests the corrupted cloud account and runs": outages.call_corrupted,
    "calls every API endpoint, with and without a token": permissions.call_with_and_without_token,
    "starts a usage report and polls it until it ends": polling.start_and_poll,
    "makes requests that must be refused": polling.make_refused_requests,
    "requests the status of a run that never existed": run_status.read_unknown,
    "polls the run before and after the partner answers": run_status.poll_around_answer,
    "polls the run, cancels it after the partner's first answer, and polls it to its end": run_status.poll_and_cancel,
    "polls the run while the partner answers one question after another": run_status.poll_while_answered,
}
"""What a customer does with the API, as a function that makes the calls and returns them."""

RESPONSES: dict[str, Callable[[World], Matcher[Any]]] = {
    "is a success": lambda world: calls.succeed(),
    "is an authentication error": lambda world: calls.are_refused("unauthenticated"),
    "is a permission error": lambda world: calls.are_refused("permission_denied"),
    "is a not-found error": lambda world: calls.are_refused("not_found"),
    "is a validation error that names the field": lambda world: invalid_requests.name_the_field(),
    "is a temporary error with its request ID": lambda world: are_failures(Meaning.UNAVAILABLE, "unavailable"),
    "says that a database limit was exceeded": lambda world: calls.are_refused("time_limit_exceeded"),
    "is an internal error with its request ID": lambda world: are_failures(Meaning.FAILED, "internal_error"),
    "is as if the resource had never existed": lambda world: are_as_if_nothing_existed(),
    "is correct and shows only the customer's own data": lambda world: concurrent_requests.are_correct(),
    "contains no internal details": lambda world: show_nothing_internal(),
    "follows the access rule of its endpoint": lambda world: permissions.follow_the_access_rules(),
    "conforms to the published API reference": polling.conform,
}
"""What each response to the calls of a When must be."""

TYPES = {
    "InvalidToken": kind(tokens.InvalidToken),
    "UserSession": entry(tokens.SESSIONS),
    "RequestError": kind(RequestError),
    "ApiOutage": kind(outages.Outage),
    "ApiEndpoints": entry(outages.CALLS_DURING),
    "ApiAction": entry(ACTIONS),
    "ApiResponse": entry(RESPONSES),
}
