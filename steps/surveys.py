"""Jobs that several services carry out together, and what is told of them."""

from behave import then, when
from hamcrest import equal_to, greater_than_or_equal_to

from support import populations, surveys
from support.checks.causes import are_told_between_cause_and_effect
from support.checks.surveys import are_each_served_once


@when("{customer:User} has three things surveyed by a tool that reports on each")
def _(context, customer):
    surveys.made(context.world, customer, 1, 3)


@when("{customer:User} has two surveys of three things made side by side")
def _(context, customer):
    surveys.made(context.world, customer, 2, 3)


@when("{customer:User} has two things surveyed, of which the partner holds back the second")
def _(context, customer):
    surveys.held_at_the_second(context.world, customer)


@when("each of them has something of their own surveyed")
def _(context):
    customers = context.world.users.customers
    populations.at_once(customers, lambda user: surveys.survey(context.world, user, 1, 2, held=True))
    surveys.let_go_on_together(context.world)


@when("{customer:User} has something different surveyed by each of twenty jobs at once")
def _(context, customer):
    surveys.many(context.world, customer, 20)


@then("as many jobs were at work at once as there are places for them")
def _(context):
    due = greater_than_or_equal_to(surveys.places_due(context.world))
    context.world.expect(surveys.most_at_once(context.world), due, "requests at the partner at once")


@then("each report was told after what led to it and before what followed from it")
def _(context):
    run = context.world.last_run
    told = run.user.watching.of(run)
    context.world.expect(told, are_told_between_cause_and_effect(context.world.partner.all_calls()))


@then("{viewer:User} is told that one of the two is done while the run is still at work")
def _(context, viewer):
    run = context.world.run_of(viewer)
    context.world.eventually(
        lambda: surveys.reports(viewer.watching.of(run)), equal_to([(1, 2)]), "progress shown", "the tool's report"
    )
    context.world.expect(context.world.stored(run)["status"], equal_to("running"))


@then("each job was given what it had asked for, and the partner has answered each question once")
def _(context):
    served = surveys.served(context.world)
    context.world.expect(served, are_each_served_once(at_least=len(context.world.runs)))
