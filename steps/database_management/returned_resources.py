"""Work leaves no resources behind."""

from support.database_management import mixed_operations
from support.run.sentences import when


@when("the customers do everything again, a thousand operations in all")
def _(world):
    mixed_operations.operate(world)
