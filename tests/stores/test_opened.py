"""Stores are opened where this stack has them, and nowhere else."""

from types import SimpleNamespace
from typing import Any

import pytest

from support.scenario.verdict import NotShown
from support.stack.client import Addresses
from support.stores import opened


@pytest.mark.parametrize("open_", [opened.as_observer, opened.as_platform, opened.as_owner, opened.analytics])
def test_a_store_that_is_not_this_stacks_is_not_looked_for_on_this_machine(open_: Any):
    addresses = Addresses.from_json({"log_dir": "/nowhere", "run_dir": "/nowhere"})
    world = SimpleNamespace(addresses=addresses, books=SimpleNamespace(close=lambda: None))
    with pytest.raises(NotShown, match="did not start the platform's stores"):
        open_(world)
    with pytest.raises(NotShown, match="did not start the platform's stores"):
        opened.cache(addresses)
