"""Every environment runs as a whole."""

from functools import partial

from support.configuration import environments, rehearsals, running
from support.matchers.outcomes import succeeds
from support.run.sentences import given, then, when


@given("the whole {environment:Environment} environment runs beside the deployed one")
def _(world, environment):
    rehearsals.start_all(world, environment)


@given('the whole {environment:Environment} environment runs with the log level "{level}" in an environment variable')
def _(world, environment, level):
    edit = partial(environments.set_in, layer="environment variable", setting="log level", value=level)
    rehearsals.start_all(world, environment, edit)


@when('its deployment file sets the log level to "{level}" and changes the version')
def _(world, level):
    def edit(draft):
        environments.set_in(draft, "deployment file", "log level", level)
        draft.change("version")

    rehearsals.change(world, edit)


@then("all of its services run on its validated configuration in time")
def _(world):
    expected = environments.all_run_on(rehearsals.validated(world))
    world.eventually(
        lambda: environments.OfRehearsal(rehearsals.reported(world)),
        expected,
        running.RELOAD,
        "what the services of the other environment run on",
    )


@when("each of its services reports its configuration")
def _(world):
    world.keep(environments.OfRehearsal(rehearsals.reported(world)))


@then("all of them run on the validated configuration of that environment")
def _(world):
    world.expect(world.kept(environments.OfRehearsal), environments.all_run_on(rehearsals.validated(world)))


@then("its operator can log in")
def _(world):
    world.expect(rehearsals.operator_session(world), succeeds())
