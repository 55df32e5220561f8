"""Errors are explained without exposing internals."""

from support.api import outages
from support.api.calls import Calls
from support.run.sentences import then


@then("the log explains every error under its request ID")
def _(world):
    world.expect(outages.logged(world), outages.explain(world.kept(Calls).made))
