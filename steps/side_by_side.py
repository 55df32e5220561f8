"""Tools that work side by side."""

from behave import then, when
from hamcrest import contains_exactly, equal_to, less_than

from support import side_by_side
from support.checks.tools import were_at_work_together


@when("{customer:User} runs an agent that asks the partner two questions side by side")
def _(context, customer):
    side_by_side.ask_two_questions(context.world, customer)


@when("{customer:User} runs an agent that lists the servers while the partner is silent")
def _(context, customer):
    side_by_side.list_while_partner_is_silent(context.world, customer)
    context.world.facts["customers"] = [customer]


@then("both questions were with the partner at the same time")
def _(context):
    asked = side_by_side.asked(context.world, context.world.last_run.user)
    context.world.expect(asked, were_at_work_together(2))


@then("each question has its own answer, in the result and as shown to {viewer:User}")
def _(context, viewer):
    context.world.expect(
        side_by_side.own_answers(context.world, viewer), equal_to(side_by_side.own_answers_due(viewer))
    )


@then("the servers were listed before the partner had answered")
def _(context):
    answered = side_by_side.answered_at(context.world, context.world.last_run.user)
    told = side_by_side.list_told_at(context.world, context.world.last_run.user)
    context.world.expect(told, contains_exactly(less_than(answered)))
