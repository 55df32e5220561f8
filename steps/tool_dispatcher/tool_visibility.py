"""Customers can watch every tool call."""

from support.matchers.faultless import is_just
from support.run.sentences import then
from support.tool_dispatcher import partner_sign_in, tool_visibility
from support.tool_dispatcher.partner_sign_in import SignIn


@then("only {caller:User} has received the start and the end of each tool call, each once")
def _(world, caller):
    expected = tool_visibility.expected_calls(world, caller)
    world.expect(
        tool_visibility.received_calls(world, caller), is_just(expected, "the stored calls for the caller alone")
    )


@then("the partner has received every secret")
def _(world):
    world.expect(partner_sign_in.received_by_partner(world), is_just(list(world.kept(SignIn).sent)))


@then("{search:Searched} contain no secret")
def _(world, search):
    world.expect(search(world), partner_sign_in.hide(world.kept(SignIn).secrets))
