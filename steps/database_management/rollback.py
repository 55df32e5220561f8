"""A change that fails leaves nothing behind."""

from hamcrest import equal_to, is_not

from support.database_management import rollback
from support.database_management.rollback import FailedChange
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.run.sentences import then, when


@when("{customer:Owner} {change:StepwiseChange} fails because of {failure:ChangeFailure}")
def _(world, customer, change, failure):
    world.keep(rollback.fail(world, customer, change, failure))


@then("nothing of {customer:User} has changed in any store")
def _(world, customer):
    failed = world.kept(FailedChange)
    for where, after in failed.after.items():
        world.expect(after, is_just(failed.before), where)


@then("{customer:User} can make a permitted change of that kind afterwards")
def _(world, customer):
    failed = world.kept(FailedChange)
    world.expect(rollback.make(world, customer, failed), succeeds())
    world.expect(rollback.everything(world, customer), is_not(equal_to(failed.before)), "what is stored")
