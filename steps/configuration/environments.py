"""All services run on one layered configuration."""

from support.configuration import commands, environments, running
from support.matchers.faultless import is_just
from support.run.sentences import given, then, when


@when("the operator validates the deployed configuration")
def _(world):
    world.keep(commands.run(world, "validate", commands.of_deployment(world)).complaint)


@then("every service reports the version and checksum of the validated configuration")
def _(world):
    said = world.kept(commands.Report).said
    world.expect(running.versions(world), is_just(running.on_all(world, said["version"])))
    world.expect(running.checksums(world), is_just(running.on_all(world, said["checksum"])))


@given('the {layer:ConfigurationLayer} sets the version to "{name}"')
@when('the {layer:ConfigurationLayer} sets the version to "{name}"')
def _(world, layer, name):
    running.change(world, lambda draft: environments.set_in(draft, layer, "version", name))


@given('a candidate whose {layer:ConfigurationLayer} sets the log level to "{level}"')
def _(world, layer, level):
    environments.candidate_with(world, layer, "log level", level)


@when("the operator shows the candidate")
def _(world):
    commands.run(world, "show", commands.of_candidate(world))


@then('the effective log level is "{level}", from the {layer:ConfigurationLayer}')
def _(world, level, layer):
    world.expect(environments.effective(world, "log level"), is_just(level))
    world.expect(environments.source(world, "log level"), environments.is_in(world, layer, "log level"))


@when("the operator shows the configuration of each environment")
def _(world):
    environments.show_each(world)


@then("all four environments have the same settings of the same types")
def _(world):
    world.expect(world.kept(environments.OfEnvironments), environments.have_the_same_settings())


@then("they differ only in settings that may differ between environments")
def _(world):
    world.expect(world.kept(environments.OfEnvironments), environments.differ_where_they_may(world))


@then('every service reports the version "{name}" in time')
def _(world, name):
    running.expect_versions(world, name)
