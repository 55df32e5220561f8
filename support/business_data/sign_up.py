"""Customers who sign up once more, and who come back from elsewhere."""

from typing import Any

from hamcrest import has_entries
from hamcrest.core.matcher import Matcher

from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.redaction import know_secret
from support.scenario.users import User
from support.scenario.world import World


def log_in_elsewhere(world: World, user: User) -> Outcome:
    """The user logs in on a line of its own, with the address in other letters, and asks who they are.

    The answer is that to the last thing asked: to the log-in, when that was refused.
    """
    elsewhere = Anyone()
    answer = world.platform.log_in(elsewhere, email=user.email.swapcase(), password=user.password)
    if not answer.done:
        return answer
    for name in ("access_token", "refresh_token"):
        know_secret(answer.body.get(name) or "")
    elsewhere.access_token = answer.body["access_token"]
    return world.platform.me(elsewhere)


def sign_up_under_address_of(world: World, newcomer: User, user: User) -> Outcome:
    """Somebody asks for an account with the address that a customer signed up with, in other letters."""
    return world.platform.sign_up(
        newcomer,
        organisation=newcomer.tenant.name,
        email=user.email.swapcase(),
        password=newcomer.password,
        plan=newcomer.tenant.plan.wire,
        display_name=newcomer.alias,
    )


def signed_up(user: User) -> Matcher[Any]:
    """The account as the user asked for it at sign-up."""
    tenant = user.tenant
    return has_entries(
        user=has_entries(id=user.id, email=user.email, display_name=user.alias, role="owner"),
        tenant=has_entries(id=tenant.id, name=tenant.name, plan=tenant.plan.wire),
    )
