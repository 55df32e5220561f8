"""A service with missing or invalid settings does not start."""

from support.configuration import starts
from support.run.sentences import then, when


@when("the {service:StartedService} is started without each required setting in turn")
def _(world, service):
    world.keep(starts.without_each_required(world, service))


@then("each start is refused and names just the missing setting")
def _(world):
    world.expect(world.kept(starts.StartsWithout), starts.name_the_missing_one(world))
