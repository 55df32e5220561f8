"""Features and steps loaded as for a run, for whoever does something else with them."""

import os
from collections.abc import Sequence

from behave.configuration import Configuration
from behave.runner import Context, Runner

from support.run.runner import AcceptanceRunner
from support.settings import CHECKOUT


class _Loaded(AcceptanceRunner):
    """Loads everything and plays nothing."""

    def run(self) -> bool:
        return bool(Runner.run(self))

    def run_with_paths(self) -> bool:
        self.context = Context(self)
        self.load_features()
        self.load_hooks()
        self.load_code()
        return False


def load(arguments: Sequence[str]) -> AcceptanceRunner:
    """The runner of a run with these arguments of behave, everything loaded and nothing played.

    :raises Refusal: a feature cannot be read; one clear line.
    """
    # behave looks for its configuration where it is called.
    os.chdir(CHECKOUT)
    runner = _Loaded(Configuration(arguments))
    runner.run()
    return runner
