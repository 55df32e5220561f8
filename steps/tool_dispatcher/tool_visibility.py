"""Customers see every tool at work."""

from hamcrest import equal_to, has_length

from support.run.sentences import then, when
from support.scenario import agents
from support.tool_dispatcher import partner_sign_in, tool_calls
from support.tool_dispatcher.tool_matchers import hides, is_one_call_refused_with


@when("{customer:User} has an agent sign in at the partner")
def _(world, customer):
    partner_sign_in.sign_in(world, customer)


@when("{customer:User} has an agent use a tool that does not exist")
def _(world, customer):
    missing = agents.call("read_tea_leaves", cup="the first")
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(missing)))


@then("each tool call on record was shown to {viewer:User} once at its beginning and once at its end")
def _(world, viewer):
    due = tool_calls.each_once(world, world.run_of(viewer))
    world.expect(tool_calls.shown_of(world, viewer), equal_to(due))


@then("the tools at work were shown to {caller:User} and to nobody else")
def _(world, caller):
    due = tool_calls.each_once(world, world.run_of(caller))
    world.expect(tool_calls.shown_of(world, caller), equal_to(due))
    world.expect(tool_calls.calls_shown_to_others(world, caller), has_length(0))


@then("the partner was given every secret that it asked for")
def _(world):
    given = world.recall(partner_sign_in.SIGNED_IN, partner_sign_in.SignIn).given
    world.expect([secret in partner_sign_in.at_partner(world) for secret in given], equal_to([True] * 3))


@then("{viewer:User} was shown the call without any secret")
def _(world, viewer):
    done = world.recall(partner_sign_in.SIGNED_IN, partner_sign_in.SignIn)
    world.expect(partner_sign_in.shown(world), hides(done.secrets, shows=done.harmless))


@then("no secret was written down")
def _(world):
    done, run = world.recall(partner_sign_in.SIGNED_IN, partner_sign_in.SignIn), world.last_run
    control = [run.run_id, *partner_sign_in.KEPT, *done.harmless]
    world.expect(partner_sign_in.written_down(world), hides(done.secrets, shows=control))


@then("{viewer:User} was shown one call, refused because there is no such tool")
def _(world, viewer):
    world.expect(tool_calls.ends_of_calls(world, viewer), is_one_call_refused_with("unknown_tool"))
