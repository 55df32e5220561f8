"""What the services have on record of jobs."""

from behave import then, when
from hamcrest import greater_than

from support import ledgers
from support.checks.ledgers import are_one_job_each


@then("every service has the job on record once, and all records agree")
@then("every service has each job on record once, and all records agree")
def _(context):
    runs = context.world.runs
    context.world.expect(ledgers.of_runs(context.world, runs), are_one_job_each(at_least=len(runs)))


@when("{customer:User} runs a usage report, and the first receipts for its record are lost")
def _(context, customer):
    context.world.facts["deliveries"] = ledgers.delivered_again(context.world, customer)


@then("the record was delivered more than once")
def _(context):
    context.world.expect(context.world.recall("deliveries", int), greater_than(1))
