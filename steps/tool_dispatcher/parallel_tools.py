"""Tools that do not need each other work at the same time."""

from hamcrest import contains_exactly, equal_to, less_than

from support.run.sentences import then, when
from support.tool_dispatcher import parallel_tools
from support.tool_dispatcher.tool_matchers import were_at_work_together


@when("{customer:User} runs an agent that asks the partner two questions side by side")
def _(world, customer):
    parallel_tools.ask_two_questions(world, customer)


@when("{customer:User} runs an agent that lists the servers while the partner is silent")
def _(world, customer):
    parallel_tools.list_while_partner_is_silent(world, customer)
    world.facts["customers"] = [customer]


@then("both questions were with the partner at the same time")
def _(world):
    asked = parallel_tools.asked(world, world.last_run.user)
    world.expect(asked, were_at_work_together(2))


@then("each question has its own answer, in the result and as shown to {viewer:User}")
def _(world, viewer):
    world.expect(parallel_tools.own_answers(world, viewer), equal_to(parallel_tools.own_answers_due(viewer)))


@then("the servers were listed before the partner had answered")
def _(world):
    answered = parallel_tools.answered_at(world, world.last_run.user)
    told = parallel_tools.list_told_at(world, world.last_run.user)
    world.expect(told, contains_exactly(less_than(answered)))
