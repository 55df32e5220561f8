"""Sentences of several features: services."""

from support.run.sentences import given
from support.service_coordination import instances


@given("two tools instances are at work")
def _(world):
    instances.two_at_work(world)
