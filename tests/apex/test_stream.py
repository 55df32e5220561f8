"""Redis as the services that serve customers ask it: over lines that break."""

import asyncio
import tomllib
from pathlib import Path

import pytest
import uvloop

from apex.stream import asynchronous
from support.stack.client import Stack, StackOptions

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    options = StackOptions(checkout=CHECKOUT, log_dir=tmp_path_factory.mktemp("logs"), only=frozenset({"redis"}))
    with Stack.start(options, lambda line: None) as stack:
        yield stack


@pytest.mark.parametrize("rounds_of_the_loop", range(4))
def test_a_command_after_the_line_was_reset_is_answered(stack: Stack, rounds_of_the_loop: int):
    written = tomllib.loads((stack.addresses.run_dir / "apex.toml").read_text())["redis"]["url"]

    async def ask() -> list[bool]:
        client = asynchronous(written, retries=1)
        await asyncio.gather(*(client.ping() for _ in range(10)))
        await asyncio.to_thread(stack.cut_connections, "redis")
        # The loop may or may not have noticed the reset by the time of the next command.
        for _ in range(rounds_of_the_loop):
            await asyncio.sleep(0)
        answers = list(await asyncio.gather(*(client.ping() for _ in range(10))))
        await client.aclose()
        return answers

    assert uvloop.run(ask()) == [True] * 10
