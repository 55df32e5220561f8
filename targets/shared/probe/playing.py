"""Playing a plan, from its beginning whenever the agent's turn comes.

What was done is known from what the platform keeps, so that the plan goes on where it was, also after a checkpoint.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypedDict

from probe.moves import Answer, Block, Call, Calls, Ignore, Plan, Think, ToolFailed, Wait

_BEFORE_BLOCKING = 0.2
# Where a platform does not end who waits to be cancelled, they would stay for good.
_LONGEST_WAIT = 15.0


class Turn(TypedDict):
    """A tool call that is to be made."""

    id: str
    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Turns:
    """The calls that are to be made now; ``moves`` are made with them."""

    moves: int
    calls: Sequence[Turn]


@dataclass(frozen=True)
class Answered:
    """The end of the plan."""

    answer: Answer


async def play(
    plan: Plan, run: str, made: int, result_of: Callable[[str], Any]
) -> AsyncIterator[Think | Turns | Answered]:
    """What an agent has to say or to call, until it has to wait for calls or has answered.

    :param made: so many moves of the plan were made in this run.
    :param result_of: what a call brought, by the id of its turn; a ToolFailed where it failed.
    """
    number, came, failure = 0, None, None
    try:
        while True:
            move = plan.throw(failure) if failure else plan.send(came)
            number, came, failure = number + 1, None, None
            is_new = number > made
            match move:
                case Think() if is_new:
                    yield move
                case Block() if is_new:
                    await _block(move.seconds)
                case Ignore() if is_new:
                    await _ignore(move.seconds)
                case Wait() if is_new:
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=_LONGEST_WAIT)
                case Calls():
                    turns = [_turn(run, number, at, each) for at, each in enumerate(move.calls)]
                    if is_new:
                        yield Turns(number, turns)
                        return
                    try:
                        came = [_came(result_of(turn["id"]), move.tolerant) for turn in turns]
                    except ToolFailed as failed:
                        failure = failed  # a plan may go on without the tool
    except StopIteration as end:
        yield Answered(end.value)


def _turn(run: str, number: int, at: int, call: Call) -> Turn:
    return {"id": f"{run}-{number}-{at}", "name": call.tool, "args": call.parameters}


def _came(result: Any, tolerant: bool) -> Any:
    if isinstance(result, ToolFailed) and not tolerant:
        raise result
    return result


async def _block(seconds: float) -> None:
    # What was said before is on its way; from now on nobody ends the agent, and then nobody else has a chance to run.
    # A blocked thread takes no processor time that others need.
    cancelled: asyncio.CancelledError | None = None
    try:
        await asyncio.sleep(_BEFORE_BLOCKING)
    except asyncio.CancelledError as asked:
        cancelled = asked
    threading.Event().wait(seconds)
    if cancelled is not None:
        raise cancelled


async def _ignore(seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue
