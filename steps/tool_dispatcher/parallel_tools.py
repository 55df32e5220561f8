"""Independent tools run in parallel."""

from support.matchers.faultless import is_just
from support.run.sentences import then
from support.tool_dispatcher import parallel_tools


@then("all of {customer:Owner} questions reach the partner before any is answered")
@then("both of {customer:Owner} questions reach the partner before either is answered")
def _(world, customer):
    world.expect(parallel_tools.asked(world), parallel_tools.are_all_received_before_any_answer(world))


@then("{customer:Owner} questions reach the partner almost at the same time")
def _(world, customer):
    world.within("parallel calls start", parallel_tools.spread(world), "from the first question to the last")


@then("both of {customer:Owner} questions reach the cloud before either is answered")
def _(world, customer):
    world.ended(world.run_of(customer))
    world.expect(world.kept(parallel_tools.OpenQuestions).count, is_just(2), "questions open at the cloud at once")


@then("{customer:User} receives the right answer to each question, in the result and in the events")
def _(world, customer):
    world.expect(parallel_tools.answers(world, customer), is_just(parallel_tools.expected_answers(world)))


@then("{customer:User} has the list of servers before the partner responds")
def _(world, customer):
    order = parallel_tools.in_order_of_time(world, customer)
    world.expect(order, is_just(["list of servers", "answer of the partner"]))


@then("both quick questions were answered before the slow one")
def _(world):
    order = parallel_tools.answered_in_order(world, world.last_run.user)
    world.expect(order, is_just(parallel_tools.quick_before_slow(world.last_run.user)))


@then("the other tool has given its result")
def _(world):
    customer = world.last_run.user
    world.expect(parallel_tools.outcomes_side_by_side(world, customer), is_just({"failed": 1, "gave a result": 1}))
