"""Large archives, and how quickly something is found in them."""

from behave import given, then, when
from hamcrest import equal_to

from support import archives
from support.archives import ARCHIVE, READING, Reading
from support.checks.doors import are_all_open
from support.checks.plans import finds_by_index
from support.doors import Try
from support.users import Plan


@given("a hundred people have fifty conversations of twenty messages each")
def _(context):
    context.world.facts[ARCHIVE] = archives.plant(context.world, *Plan)


@when("some of them page through theirs while twenty others write")
def _(context):
    size = context.world.recall(ARCHIVE, archives.Size)
    context.world.facts[READING] = archives.read_while_others_write(context.world, size)


@then("nearly all pages have come within the {budget:Budget} budget")
def _(context, budget):
    reading = context.world.recall(READING, Reading)
    context.world.within(budget, reading.p95, f"p95 of {len(reading.judged())} pages")
    reading.require_enough()


@then("each has been shown all of their own conversations, newest first")
def _(context):
    shown = context.world.recall(READING, Reading).shown
    due = archives.due(context.world, list(shown[0]))
    for each in shown:
        context.world.expect(each, equal_to(due))


@then("what the others wrote has been kept")
def _(context):
    reading = context.world.recall(READING, Reading)
    context.world.expect([Try(str(request.who), answer) for request, answer in reading.written], are_all_open())
    due = reading.acknowledged()
    context.world.expect(archives.kept(context.world, due), equal_to(due))


@then("every page is found by an index")
def _(context):
    reader = next(iter(context.world.recall(READING, Reading).shown[0]))
    for plan in archives.plans(context.world, reader):
        context.world.expect(plan, finds_by_index())
