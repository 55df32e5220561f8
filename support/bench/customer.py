"""What it takes to have a customer: sign-up with login, and planting an inventory in the customer's cloud account."""

import random
import secrets
import time
from collections.abc import Sequence

import requests

from support.bench.measurement import Measurement, Side
from support.bench.playing import world_on
from support.bench.workbench import Workbench
from support.cloud.inventory import CloudAccounts
from support.cloud.savings import Group, varied
from support.scenario import planting
from support.scenario.users import Plan, Tenant, User
from support.scenario.world import World

# The same inventory every time, so that the rounds compare.
_SEED = 7
_IMAGE = "ami-12c6146b"


def measure(bench: Workbench) -> list[Measurement]:
    """Each customer is a new one, as in scenarios."""
    count = bench.size.customers
    with world_on(bench.stack, bench.folder / "customer") as world:
        owners = iter(world.users.owners(count))
        signed_up: list[User] = []

        def sign_up() -> float:
            owner = next(owners)
            began = time.monotonic()
            world.users.settle(owner, Plan.MID)
            signed_up.append(owner)
            return _milliseconds_since(began)

        suite, bare = bench.in_turn(count, sign_up, lambda: _bare_sign_up(world), "customer: sign-up")
        tenants = iter([owner.tenant for owner in signed_up])
        planted, launched = bench.in_turn(
            count,
            lambda: _plant(world, next(tenants)),
            lambda: _bare_launch(world.cloud, varied(random.Random(_SEED))),
            "customer: planting",
        )
    return [
        Measurement(
            "customer",
            "sign-up of a tenant with its owner",
            "ms",
            Side("sign-up and login, as every scenario has them", suite),
            Side("the same two requests through a bare requests session", bare),
        ),
        Measurement(
            "customer",
            "planting the varied inventory",
            "ms",
            Side("servers with names and figures, account made known", planted),
            Side("one bare launch of as many servers in a new account", launched),
        ),
    ]


def _bare_sign_up(world: World) -> float:
    """Milliseconds of a sign-up and a login with nothing of the suite around them."""
    tenant = Tenant.fresh("Bare")
    email, password = f"owner@{tenant.name}-{tenant.account_id}.example", f"pw-{secrets.token_hex(12)}"
    auth = world.addresses.auth_url
    began = time.monotonic()
    with requests.Session() as http:
        organisation = {"organisation": tenant.name, "email": email, "password": password, "plan": Plan.MID.wire}
        http.post(f"{auth}/v1/signup", json=organisation).raise_for_status()
        login = {"grant_type": "password", "email": email, "password": password}
        http.post(f"{auth}/v1/token", json=login).raise_for_status()
        return _milliseconds_since(began)


def _plant(world: World, tenant: Tenant) -> float:
    began = time.monotonic()
    planting.own_cloud(world, tenant, varied(random.Random(_SEED)))
    return _milliseconds_since(began)


def _bare_launch(cloud: CloudAccounts, groups: Sequence[Group]) -> float:
    """Milliseconds of entering a new account and one call that launches the same number of servers there."""
    count = sum(group.count for group in groups)
    began = time.monotonic()
    with cloud.inside(Tenant.fresh("Bare").role_arn) as account:
        account.ec2.run_instances(ImageId=_IMAGE, MinCount=count, MaxCount=count, InstanceType="t3.medium")
    return _milliseconds_since(began)


def _milliseconds_since(began: float) -> float:
    return (time.monotonic() - began) * 1000
