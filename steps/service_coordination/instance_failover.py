"""The death of one instance is not the customer's problem."""

from support.run.sentences import when
from support.service_coordination import instances


@when("the {which:Instance} of them dies while both work on twenty jobs of {customer:User}")
def _(world, which, customer):
    instances.dies_at_work(world, customer, which, 20)


@when("{customer:User} has four surveys made side by side while the answers of the first are lost on their way")
def _(world, customer):
    instances.answers_lost(world, customer, 4)
