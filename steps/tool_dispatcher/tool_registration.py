"""Tools come and go while customers work."""

from hamcrest import equal_to, has_length

from support.run.sentences import given, then, when
from support.tool_dispatcher import tool_registration


@given("{customer:User} has tried a tool that is not there yet")
def _(world, customer):
    tool_registration.imagine(world, customer)
    tool_registration.use(world, customer)


@given("the operator has added a tool")
def _(world):
    tool_registration.imagine(world, next(iter(world.users)))
    tool_registration.add(world)


@given("{customer:User} has used a tool that the operator has added")
def _(world, customer):
    tool_registration.imagine(world, customer)
    tool_registration.add(world)
    tool_registration.use(world, customer)


@given("{customer:Owner} agent waits for the answer of a tool that the operator has added")
def _(world, customer):
    tool_registration.imagine(world, customer)
    tool_registration.add(world)
    tool_registration.wait_for_answer(world, customer)


@given("the operator has added the tool")
def _(world):
    tool_registration.add(world)


@given("the operator has withdrawn the tool")
def _(world):
    tool_registration.withdraw(world)


@given("the tools have crashed and were started again")
def _(world):
    world.faults.restart("tools-1")


@when("{customer:Owner} agent uses it")
def _(world, customer):
    tool_registration.use(world, customer)


@when("the operator withdraws the tool and the partner answers")
def _(world):
    tool_registration.withdraw(world)
    tool_registration.let_answer(world)


@then("{customer:Owner} agent is given the partner's answer")
def _(world, customer):
    came_of = tool_registration.come_of_last_use(world, customer)
    world.expect(came_of, equal_to(tool_registration.answer_due(world)))
    asked = world.recall(tool_registration.CHANGING, tool_registration.ChangingTool).asked
    world.expect(tool_registration.asked_of_partner(world), equal_to([asked]))


@then("{customer:Owner} agent is told that it was withdrawn, and the partner is not asked again")
def _(world, customer):
    came_of = tool_registration.come_of_last_use(world, customer)
    world.expect(came_of, equal_to(tool_registration.refusal_due("tool_withdrawn")))
    # The control: the call while the tool was there is one that the partner has seen.
    world.expect(tool_registration.asked_of_partner(world), has_length(1))


@then("the published list names it")
def _(world):
    world.expect(tool_registration.is_listed(world), equal_to(True))


@then("the published list does not name it any more")
def _(world):
    world.expect(tool_registration.is_listed(world), equal_to(False))
