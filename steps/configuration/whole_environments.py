"""Every environment runs as a whole."""

from support.configuration import environments, rehearsals
from support.matchers.outcomes import succeeds
from support.run.sentences import given, then, when


@given("the whole {environment:Environment} environment runs beside the deployed one")
def _(world, environment):
    rehearsals.start_all(world, environment)


@when("each of its services reports its configuration")
def _(world):
    world.keep(environments.OfRehearsal(rehearsals.reported(world)))


@then("all of them run on the validated configuration of that environment")
def _(world):
    world.expect(world.kept(environments.OfRehearsal), environments.all_run_on(rehearsals.validated(world)))


@then("its operator can log in")
def _(world):
    world.expect(rehearsals.operator_session(world), succeeds())
