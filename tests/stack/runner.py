"""A run that a test can kill: `python -m tests.stack.runner` reads options (one JSON line) from its input, starts a
stack, tells about it in one JSON line, and waits for the end of its input."""

import json
import sys

from support.stack.client import Stack, StackOptions


def main() -> None:
    """Start, tell, wait."""
    options = StackOptions.from_json(json.loads(sys.stdin.readline()))
    with Stack.start(options, progress=lambda line: print(line, file=sys.stderr)) as stack:
        told = {"run_dir": str(stack.addresses.run_dir), "pids": {row.name: row.pid for row in stack.services()}}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
