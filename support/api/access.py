"""Who tries which doors: strangers with bad tokens, owners with their own, and those whose session is over."""

from support.api import endpoints, owned_resources
from support.api.owned_resources import Belongings
from support.api.rights import SERVICES, rights_of
from support.api.tokens import BadToken, bad_token
from support.platform.driver import Anyone
from support.scenario.users import User
from support.scenario.world import ENDED, World

OWNED = "one of everything"
STORED = "stored before"


def with_bad_token(world: World, kind: BadToken) -> None:
    """Somebody tries every door to what the customer owns, with a bad token in the customer's name."""
    owned = world.recall(OWNED, Belongings)
    token = bad_token(world, kind, owned.owner)
    world.facts[STORED] = owned_resources.stored_of(world, owned.owner.tenant)
    world.facts[endpoints.TRIES] = endpoints.try_all(world, endpoints.doors(world), Anyone(token), owned.ids)


def as_owner(world: World) -> list[endpoints.Try]:
    """The owner uses every door that is there for owners, and is logged in again afterwards."""
    owned = world.recall(OWNED, Belongings)
    open_to = [door for door in endpoints.doors(world) if "owner" in (rights_of(door) or ())]
    tried = endpoints.try_all(world, open_to, owned.owner, owned.ids)
    world.users.log_in(owned.owner)
    wait_for_runs(world, owned.owner)
    return tried


def wait_for_runs(world: World, user: User) -> None:
    """Return when no run of the user is at work any more."""
    world.eventually(
        lambda: world.platform.runs(user).require()["items"],
        lambda runs: all(run["status"] in ENDED for run in runs),
        "run ends",
    )


def with_own_token(world: World, user: User) -> list[endpoints.Try]:
    """The user tries every door for customers with the token at hand."""
    for_customers = [door for door in endpoints.doors(world) if rights_of(door) != SERVICES]
    owned = world.facts.get(OWNED)
    return endpoints.try_all(world, for_customers, user, owned.ids if isinstance(owned, Belongings) else {})
