"""Finding things stays quick as they grow."""

from hamcrest import equal_to

from support.api.endpoints import Try
from support.business_data import pagination
from support.business_data.pagination import ARCHIVE, READING, Reading
from support.business_data.query_plan_matchers import finds_by_index
from support.matchers.responses import are_all_open
from support.run.sentences import given, then, when
from support.scenario.users import Plan


@given("a hundred people have fifty conversations of twenty messages each")
def _(world):
    world.facts[ARCHIVE] = pagination.plant(world, *Plan)


@when("some of them page through theirs while twenty others write")
def _(world):
    size = world.recall(ARCHIVE, pagination.Size)
    world.facts[READING] = pagination.read_while_others_write(world, size)


@then("nearly all pages have come within the {budget:Budget} budget")
def _(world, budget):
    reading = world.recall(READING, Reading)
    world.within(budget, reading.p95, f"p95 of {len(reading.judged())} pages")
    reading.require_enough()


@then("each has been shown all of their own conversations, newest first")
def _(world):
    shown = world.recall(READING, Reading).shown
    due = pagination.due(world, list(shown[0]))
    for each in shown:
        world.expect(each, equal_to(due))


@then("what the others wrote has been kept")
def _(world):
    reading = world.recall(READING, Reading)
    world.expect([Try(str(request.who), answer) for request, answer in reading.written], are_all_open())
    due = reading.acknowledged()
    world.expect(pagination.kept(world, due), equal_to(due))


@then("every page is found by an index")
def _(world):
    reader = next(iter(world.recall(READING, Reading).shown[0]))
    for plan in pagination.plans(world, reader):
        world.expect(plan, finds_by_index())
