"""Order holds under load."""

from hamcrest import equal_to, only_contains

from support.load import populations
from support.run.sentences import then, when
from support.scenario import received_events


@when("two agents of each tell a thousand events together, as fast as they can")
def _(world):
    populations.at_once(world.users.customers, lambda user: populations.talk(world, user))


@then("each has been told a thousand events")
def _(world):
    due = populations.size(world).events
    told = [len(heard.events) for heard in received_events.crowd(world)]
    world.expect(told, only_contains(equal_to(due)))
