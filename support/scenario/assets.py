"""What a customer has before something happens, by the words of a feature.

What a category alone needs it adds with a table of its own, and `steps/_vocabulary.py` brings the tables together.
"""

from collections.abc import Callable

from support.cloud.savings import idle
from support.scenario import planting
from support.scenario.users import User
from support.scenario.world import World

Asset = Callable[[World, User], object]


def idle_servers(count: int) -> Asset:
    """Servers that nobody uses."""
    return lambda world, owner: planting.own_cloud(world, owner.tenant, [idle(count)])


ASSETS: dict[str, Asset] = {
    "servers in the cloud": lambda world, owner: planting.own_cloud(world, owner.tenant),
    "two idle servers in the cloud": idle_servers(2),
    "four idle servers in the cloud": idle_servers(4),
    "stored usage": lambda world, owner: planting.usage(world, owner.tenant),
}
