"""Events arrive as soon as they happen."""

from support.platform.components import Component
from support.run.sentences import given


@given("the analytics service hangs")
def _(world):
    world.faults.freeze(Component.ANALYTICS)
