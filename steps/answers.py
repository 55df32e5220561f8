"""What agents answer, held against what the suite computed from what it planted."""

from behave import then
from hamcrest import equal_to, has_entries

from support import answers
from support.checks.isolation import shows_only_data_of


@then("the answer equals the savings in {customer:Owner} own inventory")
@then("the answer equals the totals of {customer:Owner} own usage")
def _(context, customer):
    run = context.world.run_of(customer)
    context.world.expect(context.world.ended(run)["answer"], answers.expected_answer(context.world, run))


@then("each answer equals the savings in its customer's own inventory")
@then("each answer equals what the customer's own data gives")
def _(context):
    for run in context.world.runs:
        context.world.expect(context.world.ended(run)["answer"], answers.expected_answer(context.world, run))


@then("the announced answer can be read back at the first attempt")
def _(context):
    run = context.world.last_run
    announced = run.user.watching.wait_for("agent_completed", run=run, within=context.world.budgets.limit("run ends"))
    stored = context.world.platform.run(run.user, run.run_id).body
    context.world.expect(stored, has_entries(status="completed", answer=equal_to(announced.payload["answer"])))


@then("the answer is the newest message of its thread")
def _(context):
    run = context.world.last_run
    newest = context.world.platform.messages(run.user, run.thread_id).require()["items"][-1]
    answer = context.world.facts["run before"]["answer"]
    context.world.expect(newest, has_entries(run_id=run.run_id, role="assistant", data=equal_to(answer)))


@then("the answer tells the change since the one before")
def _(context):
    expected = answers.expected_before_and_after(context.world)
    for run, answer in zip(context.world.runs[-2:], expected, strict=True):
        context.world.expect(context.world.ended(run)["answer"], answer)


@then("answers, live events and stored runs show each customer their own data and nobody else's")
def _(context):
    for customer in context.world.users:
        for shown in answers.everything_shown_to(context.world, customer):
            context.world.expect(shown, shows_only_data_of(customer.tenant))
