"""What several rules look at."""

import pytest
from behave.model import Feature

from support.settings import CHECKOUT
from tests.house.feature_rules import parse


@pytest.fixture(scope="session")
def features() -> list[Feature]:
    """All features of the suite."""
    found = [
        parse(path.read_text(encoding="utf-8"), str(path.relative_to(CHECKOUT)))
        for path in sorted(CHECKOUT.glob("features/**/*.feature"))
    ]
    assert found, "there are no features"
    return found
