"""How sentences become steps: given, when and then hand over the scenario's world and the users that are named."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import behave

from support.scenario.users import Named, Users

Step = Callable[..., None]


def given(sentence: str) -> Callable[[Step], Step]:
    """A step that arranges something; see `behave.given`."""
    return _defined_by(behave.given, sentence)


def when(sentence: str) -> Callable[[Step], Step]:
    """A step in which somebody acts; see `behave.when`."""
    return _defined_by(behave.when, sentence)


def then(sentence: str) -> Callable[[Step], Step]:
    """A step that judges; see `behave.then`."""
    return _defined_by(behave.then, sentence)


def _defined_by(keyword: Any, sentence: str) -> Callable[[Step], Step]:
    """A step is called with the world and what its sentence names; with the sentence's table if it takes `table`."""

    def define(step: Step) -> Step:
        takes_table = "table" in inspect.signature(step).parameters

        @functools.wraps(step)
        def play(context: Any, **slots: Any) -> None:
            users = context.world.users
            table = {"table": context.table} if takes_table else {}
            step(context.world, **{name: _resolved(value, users) for name, value in slots.items()}, **table)

        keyword(sentence)(play)
        # The step itself, so that a second sentence can stand above it.
        return step

    return define


def _resolved(value: Any, users: Users) -> Any:
    # A sentence is read before its scenario has users, so a name stands for its user until the step is played.
    if isinstance(value, Named):
        return users[value.alias]
    if isinstance(value, tuple) and value and isinstance(value[0], Named):
        return [users[named.alias] for named in value]
    return value
