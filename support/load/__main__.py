"""``python -m support.load sockets``: a crowd of live connections."""

import argparse

import uvloop

from support.load import sockets

_DESCRIPTION = """\
Opens live connections and keeps what comes over them. Speaks JSON lines: orders on the standard input, results on
the standard output; see support/load/sockets.py. Ends with its input.
"""


def main() -> None:
    """Run the kind of load that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m support.load", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=["sockets"], help="sockets: many live connections at once")
    parser.parse_args()
    uvloop.run(sockets.serve())


if __name__ == "__main__":
    main()
