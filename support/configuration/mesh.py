"""What each service knows of the others."""

from collections.abc import Mapping, Sequence
from functools import partial

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless, is_just
from support.platform.components import Component
from support.platform.configured import MeshInstance
from support.platform.driver import Anyone
from support.scenario.waiting import Deadline, pause
from support.scenario.world import World
from support.service_coordination.service_discovery import Moved, RunningInstances

View = frozenset[MeshInstance]
_FOUND = "instance forgotten"
# Seconds: longer than a registration lasts that nobody renews.
_SOME_TIME = 3.0


def views(world: World, viewers: Sequence[str] = ()) -> Mapping[str, View]:
    """The mesh as services of the platform see it, all unless some are named, asked past all links."""
    operator = world.users.operator
    places = {name: world.addresses.instances[name] for name in viewers or world.target.instances}
    return {name: frozenset(world.platform.mesh(operator, url).require()) for name, url in places.items()}


def expect_all(world: World, within: str = _FOUND) -> None:
    """Wait until every service sees every running service, at the same address, and nothing else.

    :raises DeadlinePassed: one does not.
    """
    world.eventually(partial(views, world), show_just(world.target.instances), within, "the mesh as services see it")


def expect_tools(world: World, instances: RunningInstances) -> None:
    """Wait until every service sees just these instances of the tools service.

    :raises DeadlinePassed: one sees others when the budget is used up.
    """
    others = [name for name in world.target.instances if not name.startswith("tools")]
    matcher = show_just([*others, *instances.names(world)])
    world.eventually(partial(views, world), matcher, instances.budget, "the mesh as services see it")


def expect_moved(world: World) -> None:
    """Wait until every service sees the instance that has moved where it is now.

    :raises DeadlinePassed: one does not.
    """
    moved = world.kept(Moved)

    def seen() -> dict[str, list[str]]:
        return {viewer: [each.url for each in view if each.name == moved.name] for viewer, view in views(world).items()}

    expected = {viewer: [moved.url] for viewer in world.target.instances}
    world.eventually(seen, is_just(expected), "instance found", f"where services see {moved.name}")


def lose_only_instance(world: World) -> None:
    """The analytics service crashes, of which there is one instance."""
    # Undone last: after the service was started again.
    world.undo.register("see it again", partial(expect_all, world, "start"))
    world.faults.lose(Component.ANALYTICS)


def expect_lost(world: World) -> None:
    """Wait until every other service sees all but the analytics service.

    :raises DeadlinePassed: one still sees it.
    """
    lost = world.target.part(Component.ANALYTICS).service
    left = [name for name in world.target.instances if name != lost]
    world.eventually(partial(views, world, left), show_just(left), _FOUND, "the mesh as services see it")


def lose_data(world: World) -> None:
    """The cache loses its data, and every service looks at it again: until then it shows what it knew."""
    world.faults.lose_data()
    deadline = Deadline(_SOME_TIME)
    while not deadline.passed:
        pause(deadline.left)


def unanswered(world: World) -> list[str]:
    """The entries of the mesh whose address does not answer under its health path in the time that it names."""
    found = []
    view = next(iter(views(world).values()))
    for instance in view:
        answer = world.platform.health(Anyone(), instance.url, instance.health_path, timeout=instance.timeout_seconds)
        if not answer.done:
            found.append(f"{instance.name} at {instance.url}{instance.health_path}: {answer}")
    return found


def show_just(names: Sequence[str]) -> BaseMatcher[Mapping[str, View]]:
    """Every view holds the same entries: one of each of these instances."""
    expected = sorted(names)

    def faults_of(seen: Mapping[str, View]) -> list[str]:
        wrong = [
            f"{viewer} sees {sorted(entry.name for entry in view)}"
            for viewer, view in seen.items()
            if sorted(entry.name for entry in view) != expected
        ]
        if not wrong and len(set(seen.values())) > 1:
            wrong = [f"{viewer} sees {sorted(view)}" for viewer, view in seen.items()]
        return wrong

    return faultless(f"the same view everywhere, of {', '.join(expected)}", faults_of)
