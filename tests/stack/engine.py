"""Whether stores can come in containers here, for tests that need it and for those that need the contrary."""

import pytest

from support.stack import containers
from support.stack.errors import StackError


def _why_not() -> str:
    try:
        containers.check()
    except StackError as error:
        return str(error)
    return ""


WHY_NOT = _why_not()
"""Why no stores come in containers here; "" where they do."""

with_containers = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
without_containers = pytest.mark.skipif(not WHY_NOT, reason="an engine answers here, and has all images")
