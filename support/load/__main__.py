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
    kinds = {"sockets": sockets.serve, "requests": requests.serve}
    parser.add_argument("kind", choices=kinds, help="sockets: many live connections; requests: many who ask at once")
    uvloop.run(kinds[parser.parse_args().kind]())


if __name__ == "__main__":
    main()
