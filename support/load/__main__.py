"""``python -m support.load KIND``: a crowd, of live connections or of requests."""

import argparse

import uvloop

from support.load import requests, sockets

_DESCRIPTION = """\
Opens live connections and keeps what comes over them, or makes requests. Speaks JSON lines: orders on the standard
input, results on the standard output; see support/load/KIND.py. Ends with its input.
"""


def main() -> None:
    """Run the kind of load that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m support.load", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "kind",
        choices=("sockets", "requests"),
        help="sockets: many live connections; requests: many who ask at once",
    )
    parser.add_argument("target", nargs="?", default="apex", help="whose live connections they are")
    given = parser.parse_args()
    uvloop.run(sockets.serve(given.target) if given.kind == "sockets" else requests.serve())


if __name__ == "__main__":
    main()
