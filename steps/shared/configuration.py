"""The configuration: candidates, what is deployed, what the services run on."""

from support.configuration import commands, draft, effects, running, starts
from support.configuration.draft import Candidate, Draft, facts
from support.configuration.faults import Complaint, names_just
from support.matchers.faultless import is_just
from support.run.sentences import given, then, when


@given("a candidate {edit:Candidate}")
def _(world, edit):
    written = Draft.of_deployed(world)
    edit(written)
    draft.candidate(world, written)


@when("the operator validates the candidate")
def _(world):
    world.keep(commands.run(world, "validate", commands.of_candidate(world)).complaint)


@when("the operator deploys {edit:Rejected}")
def _(world, edit):
    running.change(world, edit)


@when("the operator {edit:ConfigurationChange}")
def _(world, edit):
    running.change(world, edit)


@then("the configuration is valid")
def _(world):
    world.expect(world.kept(Complaint), names_just([], 0))


@then("the report names every fault with its place, its key and the reason")
def _(world):
    world.expect(world.kept(Complaint), names_just(world.kept(Candidate).draft.faults, draft.facts(world).faulty))


@then("every service refuses the change in time and says why")
def _(world):
    running.expect_refused(world)


@then("every service still runs on the deployed configuration")
def _(world):
    before = running.deployed(world)
    world.expect(running.checksums(world), is_just(running.on_all(world, before.checksum)))


@then("new customers can no longer sign up in time")
def _(world):
    running.expect_sign_up(world, "feature_switched_off")


@when("the {service:StartedService} is started with the candidate")
def _(world, service):
    world.keep(starts.start(world, service, commands.of_candidate(world)))


@then("the start is refused with every fault, its place, its key and the reason")
def _(world):
    expected = world.kept(Candidate).draft.faults
    world.expect(world.kept(starts.Start).complaint, names_just(expected, facts(world).refused))


@then("nothing of the started service is left running")
def _(world):
    world.expect(starts.traces(world), starts.leave_nothing())


@then("every request under load has succeeded")
def _(world):
    world.expect(world.kept(effects.CrowdAnswers).answers, effects.all_succeed())
