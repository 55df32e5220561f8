"""Starting services side by side, each as soon as those that it needs are ready."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from support.stack.forking import NAME, ForkServer
from support.stack.service import Service


async def until_preloaded(fork_server: ForkServer, ready: Callable[[str, float], None]) -> None:
    """Wait until a fork server that was started has imported everything; the stores start meanwhile."""
    begin = time.monotonic()
    await fork_server.ready()
    ready(NAME, time.monotonic() - begin)


async def start_in_order(services: Sequence[Service], ready: Callable[[str, float], None]) -> None:
    """Prepare all services at once and start each as soon as those that it needs are ready.

    `ready` is called with name and seconds for each. The first failure cancels the rest and is raised.
    """
    events = {service.name: asyncio.Event() for service in services}

    async def bring_up(service: Service) -> None:
        await service.prepare()
        for need in service.needs:
            if need in events:
                await events[need].wait()
        ready(service.name, await service.start())
        events[service.name].set()

    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(bring_up(service))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
