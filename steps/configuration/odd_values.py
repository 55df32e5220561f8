"""Odd but legal values work, and illegal ones are rejected."""

from support.configuration import commands, draft, environments, running
from support.configuration.draft import Draft
from support.configuration.faults import names_just
from support.matchers.faultless import is_just
from support.run.sentences import then, when


@when("the operator sets the configuration's name to {text:ConfiguredText} in the {layer:ConfigurationLayer}")
def _(world, text, layer):
    running.change(world, lambda written: environments.set_in(written, layer, "version", text))


@when("the operator deploys a newly named file with {oddity:OddFile}")
def _(world, oddity):
    running.change(world, lambda written: written.written_oddly(oddity))


@when("the operator sets the configuration's name in a secret with {oddity:OddSecret}")
def _(world, oddity):
    running.change(world, lambda written: environments.set_in_secret(written, "version", "written oddly", oddity))


@then('new customers can sign up once the operator writes "true"')
def _(world):
    running.change(world, lambda written: written.set("features.sign_up", "true"))
    running.expect_sign_up(world, "")


@then("the validation of the deployed file shows the same name")
def _(world):
    report = commands.run(world, "validate", commands.of_deployment(world))
    world.expect(report.said.get("version"), is_just(world.kept(Draft).name))


@then("the validation of the deployed file names the same faults")
def _(world):
    report = commands.run(world, "validate", commands.of_deployment(world))
    world.expect(report.complaint, names_just(world.kept(Draft).faults, draft.facts(world).faulty))


@then("every service reports that name exactly, in time")
def _(world):
    running.expect_versions(world, world.kept(Draft).name)
