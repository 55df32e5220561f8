"""Reads are spread over replicas and never show a customer their own past."""

from support.database_management import read_replica
from support.run.sentences import given, then, when
from support.stores import replication


@given("{customer:User} has something of every kind")
def _(world, customer):
    read_replica.prepare(world, customer)


@given("the replica lags behind")
def _(world):
    replication.pause_replay(world)


@when("{customer:User} reads something of every kind")
def _(world, customer):
    world.keep(read_replica.Reader(customer, replication.replica_reads(world)))
    read_replica.read(world, customer)


@then("the replica has answered in time")
def _(world):
    read_replica.expect_replica_reads(world, world.kept(read_replica.Reader))


@when("{customer:User} changes something of every kind through either backend and reads it through the other")
def _(world, customer):
    world.keep(read_replica.Reads(customer, read_replica.write_and_read(world, customer)))


@then("everything is read as it was written, for as long as the replica lags")
def _(world):
    world.expect(world.kept(read_replica.Reads).seen, read_replica.are_current())
    read_replica.expect_lasting(world)


@when("the replica {loss:ReplicaLoss} while {customer:User} reads, and the operator goes on without it")
def _(world, loss, customer):
    read_replica.lose(world, customer, loss)


@then("{customer:User} could read everything, and could write again in time")
def _(world, customer):
    read_replica.expect_unhindered(world, customer)


@then("every service reports in time that the database is not replicated")
def _(world):
    read_replica.expect_replication(world, "unreplicated")


@when("the replica crashes and {customer:User} reads on")
def _(world, customer):
    read_replica.crash(world, customer)


@then("once the replica is back, every service reports this, and the replica answers {customer:User}")
def _(world, customer):
    read_replica.bring_back(world, customer)
