"""Who may use which tool, and tools that come and go."""

from behave import given, then, when
from hamcrest import equal_to, has_length

from support import signing_in, tool_changes, tool_rights
from support.partner import own_path
from support.users import Role

# -- rights -----------------------------------------------------------------------------------------------------------


@given("{somebody:User} is the owner there")
def _(context, somebody):
    context.world.users.settle(somebody)


@given("{somebody:User} is an admin there")
def _(context, somebody):
    context.world.users.settle(somebody, role=Role.ADMIN)


@given("{somebody:User} is a member there")
def _(context, somebody):
    context.world.users.settle(somebody, role=Role.MEMBER)


@when("{somebody:User} has an agent try every tool")
def _(context, somebody):
    tool_rights.try_every_tool(context.world, somebody)


@when("{customers:Users} each have an agent sign in at the partner")
def _(context, customers):
    for customer in customers:
        signing_in.sign_in(context.world, customer)


@then("the agent could {deeds:Deeds} servers, and do nothing else to them")
def _(context, deeds):
    tried = context.world.recall(tool_rights.TRIED, tool_rights.Tried)
    context.world.expect(tool_rights.servers_now(context.world), equal_to(tried.after(deeds)))
    context.world.expect(tool_rights.worked(context.world), equal_to(tool_rights.tools_to(deeds)))
    context.world.facts["deeds"] = deeds


@then("each refusal names the missing permission, and the plans and roles that have it")
def _(context):
    refused = tool_rights.tools_to(tool_rights.TOOLS_TO) - tool_rights.tools_to(context.world.facts["deeds"])
    due = tool_rights.reasons_due(context.world, refused)
    context.world.expect(tool_rights.reasons(context.world, refused), equal_to(due))


@then("the published list of tools says the same")
def _(context):
    allowed = tool_rights.tools_to(context.world.facts["deeds"])
    due = {tool: (tool in allowed, tool in allowed) for tool in tool_rights.tools_to(tool_rights.TOOLS_TO)}
    context.world.expect(tool_rights.said_of_caller(context.world), equal_to(due))


@then("the partner has heard from {heard:User}, and nothing from {refused:User}")
def _(context, heard, refused):
    context.world.expect(context.world.partner.calls(own_path(heard)), has_length(1))
    context.world.expect(context.world.partner.calls(own_path(refused)), has_length(0))


# -- coming and going -------------------------------------------------------------------------------------------------


@given("{customer:User} has tried a tool that is not there yet")
def _(context, customer):
    tool_changes.imagine(context.world, customer)
    tool_changes.use(context.world, customer)


@given("the operator has added a tool")
def _(context):
    tool_changes.imagine(context.world, next(iter(context.world.users)))
    tool_changes.add(context.world)


@given("{customer:User} has used a tool that the operator has added")
def _(context, customer):
    tool_changes.imagine(context.world, customer)
    tool_changes.add(context.world)
    tool_changes.use(context.world, customer)


@given("{customer:Owner} agent waits for the answer of a tool that the operator has added")
def _(context, customer):
    tool_changes.imagine(context.world, customer)
    tool_changes.add(context.world)
    tool_changes.wait_for_answer(context.world, customer)


@given("the operator has added the tool")
def _(context):
    tool_changes.add(context.world)


@given("the operator has withdrawn the tool")
def _(context):
    tool_changes.withdraw(context.world)


@given("the tools have crashed and were started again")
def _(context):
    context.world.faults.restart("tools-1")


@when("{customer:Owner} agent uses it")
def _(context, customer):
    tool_changes.use(context.world, customer)


@when("the operator withdraws the tool and the partner answers")
def _(context):
    tool_changes.withdraw(context.world)
    tool_changes.let_answer(context.world)


@then("{customer:Owner} agent is given the partner's answer")
def _(context, customer):
    came_of = tool_changes.come_of_last_use(context.world, customer)
    context.world.expect(came_of, equal_to(tool_changes.answer_due(context.world)))
    asked = context.world.recall(tool_changes.CHANGING, tool_changes.ChangingTool).asked
    context.world.expect(tool_changes.asked_of_partner(context.world), equal_to([asked]))


@then("{customer:Owner} agent is told that it was withdrawn, and the partner is not asked again")
def _(context, customer):
    came_of = tool_changes.come_of_last_use(context.world, customer)
    context.world.expect(came_of, equal_to(tool_changes.refusal_due("tool_withdrawn")))
    # The control: the call while the tool was there is one that the partner has seen.
    context.world.expect(tool_changes.asked_of_partner(context.world), has_length(1))


@then("the published list names it")
def _(context):
    context.world.expect(tool_changes.is_listed(context.world), equal_to(True))


@then("the published list does not name it any more")
def _(context):
    context.world.expect(tool_changes.is_listed(context.world), equal_to(False))
