"""Answers about runs: their results, statuses and errors."""

from support.spoiling.entries import Scenario
from support.spoiling.passing import Answer, Seen, values_at

EQUAL = "the answer equals the savings in Acme's own inventory"

inventory = Scenario("The savings equal those in the customer's own inventory")


@inventory.answers("AEC-01.1", "a number of the result is another one", "run", step=EQUAL)
def _(answer: Answer, seen: Seen) -> None:
    for value, put in values_at(answer.body, "monthly_savings"):
        put(f"1{value}")
