"""Concurrent jobs stay separate."""

from hamcrest import greater_than_or_equal_to

from support.run.sentences import then, when
from support.service_coordination import concurrent_jobs


@when("every user runs a research job at the same time")
def _(world):
    concurrent_jobs.of_all_customers(world)


@then("as many jobs ran in parallel as the worker capacity allows")
def _(world):
    expected = greater_than_or_equal_to(concurrent_jobs.expected_concurrency(world))
    world.expect(concurrent_jobs.peak_concurrency(world), expected, "jobs running at once")
