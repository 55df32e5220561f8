"""Guessing is bounded, by account and by address, and keeps nobody out who is known or waits."""

import asyncio

import pytest
from fastapi import Request

from apex.auth.attempts import Attempts, address_of
from apex.http.buckets import Buckets
from apex.http.problems import Problem, unauthenticated, unavailable
from apex.settings import AttemptLimits, Rate
from tests.apex.examples import SETTINGS

SLOW = 0.001
LIMITS = AttemptLimits(
    address=Rate(burst=12, per_second=SLOW),
    account=Rate(burst=3, per_second=SLOW),
    everywhere=Rate(burst=7, per_second=SLOW),
    sign_ups=Rate(burst=2, per_second=SLOW),
)
OWNER = "owner@acme.example"


def from_(host: str) -> Request:
    return Request({"type": "http", "client": (host, 1)})


@pytest.fixture
def attempts() -> Attempts:
    """Without Redis, as this process counts alone."""
    auth = SETTINGS.auth.model_copy(update={"attempts": LIMITS})
    return Attempts(SETTINGS.model_copy(update={"auth": auth}), Buckets(SETTINGS.redis.url.get_secret_value()))


async def tried(attempt, problem: Problem | None = None) -> str:
    """What becomes of an attempt: let in, wrong, refused unseen, or no answer."""
    try:
        async with attempt:
            if problem is not None:
                raise problem
    except Problem as refusal:
        said = {401: "wrong", 429: "refused", 503: "no answer"}[refusal.status]
        return said if said != "refused" or int(refusal.headers["retry-after"]) > 0 else "refused for no time"
    return "let in"


def guesses(attempts, count, host="192.0.2.1", email=OWNER, device=None) -> list[str]:
    async def at_once() -> list[str]:
        each = [tried(attempts.log_in(from_(host), email, device), unauthenticated()) for _ in range(count)]
        return await asyncio.gather(*each)

    return asyncio.run(at_once())


def right(attempts, host="192.0.2.1", email=OWNER, device=None) -> str:
    return asyncio.run(tried(attempts.log_in(from_(host), email, device)))


def test_of_many_guesses_at_once_a_few_are_looked_at(attempts):
    assert guesses(attempts, 300).count("wrong") == 3


@pytest.mark.parametrize("email", ["OWNER@acme.example", " owner@acme.example ", "owner@ACME.example"])
def test_another_way_to_write_the_address_is_no_new_account(attempts, email):
    guesses(attempts, 3)
    assert guesses(attempts, 1, email=email) == ["refused"]


def test_the_owner_gets_in_from_elsewhere_and_others_from_there(attempts):
    guesses(attempts, 300)
    assert right(attempts) == "refused"
    assert (right(attempts, host="192.0.2.2"), right(attempts, email="other@acme.example")) == ("let in", "let in")


def test_many_addresses_share_what_there_is_of_an_account(attempts):
    looked_at = [guesses(attempts, 3, host=f"192.0.2.{n}").count("wrong") for n in range(4)]
    assert looked_at == [3, 3, 1, 0]


def test_one_address_has_so_much_of_all_accounts(attempts):
    looked_at = [guesses(attempts, 3, email=f"{n}@acme.example").count("wrong") for n in range(6)]
    assert looked_at == [3, 3, 3, 3, 0, 0]


def test_a_known_device_gets_in_while_others_guess(attempts):
    device = attempts.device_token(OWNER)
    for n in range(6):
        guesses(attempts, 3, email=f"{n}@acme.example")
        guesses(attempts, 3, host=f"192.0.2.{n}")
    assert (right(attempts), right(attempts, device=device)) == ("refused", "let in")


def test_a_known_device_may_not_guess_for_ever_either(attempts):
    assert guesses(attempts, 9, device=attempts.device_token(OWNER)).count("wrong") == 3


@pytest.mark.parametrize("of", ["another account", "nobody", "an access token"])
def test_what_is_no_device_token_of_the_account_is_none(attempts, of):
    token = {
        "another account": attempts.device_token("other@acme.example"),
        "nobody": "a.b.c",
        "an access token": attempts.device_token(OWNER).rpartition(".")[0] + ".x",
    }[of]
    guesses(attempts, 3)
    assert right(attempts, device=token) == "refused"


@pytest.mark.parametrize("problem", [None, unavailable()])
def test_only_what_was_wrong_counts(attempts, problem):
    for _ in range(20):
        assert asyncio.run(tried(attempts.log_in(from_("192.0.2.1"), OWNER, None), problem)) != "refused"


def test_sign_ups_count_whatever_comes_of_them(attempts):
    got = [asyncio.run(tried(attempts.sign_up(from_("192.0.2.1"), f"{n}@acme.example"))) for n in range(3)]
    assert got == ["let in", "let in", "refused"]


@pytest.mark.parametrize("kind", ["refresh", "acceptance"])
def test_invented_tokens_are_counted_by_address(attempts, kind):
    def shown(token: str) -> str:
        return asyncio.run(tried(attempts.show(from_("192.0.2.1"), kind, token), unauthenticated()))

    assert [shown(f"invented-{n}") for n in range(13)] == ["wrong"] * 12 + ["refused"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_who_has_one_address_of_a_network_has_them_all(host, address):
    assert address_of(from_(host)) == address
