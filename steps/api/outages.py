"""Errors are explained without exposing internals."""

from support.api import outages, outages_matchers
from support.api.calls import Calls
from support.run.sentences import then


@then("the log explains every error under the error's request ID")
def _(world):
    world.expect(outages.logged(world), outages_matchers.explain(world.kept(Calls).made))
