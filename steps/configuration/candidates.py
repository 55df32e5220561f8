"""A bad configuration is caught before it is deployed."""

from functools import partial

from support.configuration import commands, running, secrets
from support.configuration.draft import Candidate, deployed_file
from support.matchers.faultless import is_just
from support.run.sentences import then


@then("every service reports the validated checksum once the candidate is deployed")
def _(world):
    expected = is_just(running.on_all(world, world.kept(commands.Report).said["checksum"]))
    running.deploy(world, world.kept(Candidate).draft)
    world.eventually(partial(running.checksums, world), expected, running.RELOAD, "the checksums of the services")


@then("the deployed configuration is unchanged")
def _(world):
    world.expect(deployed_file(world).read_bytes() == world.kept(Candidate).deployed, is_just(True, "the same file"))


@then("no command shows any part of a secret")
def _(world):
    world.expect(secrets.said_by_commands(world), secrets.show_none(world))
