"""Changes that wait for a restart."""

from collections.abc import Mapping, Sequence

from support.configuration import running
from support.configuration.draft import facts
from support.scenario.world import World

USED_BY = {
    "number of cloud requests at once": ("tools-1",),
    "size of the event window": ("backend", "tools-1", "worker-1", "worker-2"),
}
"""The services that use a setting which cannot be changed while they run."""


def expected(world: World, setting: str) -> Mapping[str, Sequence[str]]:
    """The keys for which each service must be restarted after a change of the setting."""
    key = facts(world).settings[setting].key
    return {name: (key,) if name in USED_BY[setting] else () for name in world.target.instances}


def needed(world: World) -> Mapping[str, Sequence[str]]:
    """The keys for which each service says that it must be restarted."""
    return {name: said.restart_needed for name, said in running.reported(world).items()}


def restart(world: World) -> None:
    """Have the operator restart who says that it is needed."""
    running.restart(world, [name for name, keys in needed(world).items() if keys])
