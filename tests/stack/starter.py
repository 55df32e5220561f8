"""A supervisor in small: `python -m tests.stack.starter forked|spawned LOG MODULE ARGUMENT...`.

Starts a module either way, prints its pid, and prints its exit code once it has ended.
"""

import asyncio
import sys
from pathlib import Path

from support.settings import CHECKOUT
from support.stack import processes
from support.stack.child import Child
from support.stack.forking import ForkServer
from support.stack.python_module import PythonModule
from support.surroundings import base_environment


async def main(way: str, log: Path, module: str, *arguments: str) -> None:
    """Start, tell, wait, tell."""
    processes.adopt_orphans()
    python = PythonModule(CHECKOUT, base_environment())
    fork_server = ForkServer(python.fork_server(log.parent), log.with_suffix(".forkserver"), lambda: None)
    launch = python.launch(module, *arguments)
    if way == "forked":
        await fork_server.ready()
        child = Child(module, launch, log, fork_server.fork)
    else:
        child = Child(module, launch, log)
    print(child.pid, flush=True)
    await child.ended.wait()
    print(child.exit_code, flush=True)
    await fork_server.end()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
