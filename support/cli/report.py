"""`bin/report`: what several runs show together."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from support.refusal import Refusal
from support.run import matrix
from support.run.conformance import Matrix
from support.settings import CHECKOUT

DESCRIPTION = """\
Puts the results of runs on several platforms side by side.
"""

COMPARE = """\
Makes the conformance matrix, promise by platform, of the results.json of a run on each platform: a page whose cells
lead to the runs and their evidence, the same as JSON, and on request the table within a README.
"""

EPILOG = """\
examples:
  bin/acceptance -D reports=reports/apex
  bin/acceptance --target aegra -D reports=reports/aegra
  bin/report compare reports/apex/results.json reports/aegra/results.json
  bin/report compare --json docs/conformance.json --readme README.md reports/*/results.json
  bin/report compare --readme README.md docs/conformance.json

A file may also be a matrix that an earlier call has written, to which others are added.
exit code: 0 written; 2 a bad file or option, and nothing was written
"""


def parser() -> argparse.ArgumentParser:
    """The sub-command compare."""
    made = argparse.ArgumentParser(
        prog="bin/report",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="compare")
    compare = commands.add_parser(
        "compare",
        help="which platform keeps which promise",
        description=COMPARE,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument("files", nargs="+", metavar="results.json", help="of one run on each platform")
    usual = CHECKOUT / "reports" / "conformance.html"
    compare.add_argument(
        "--page", default=str(usual), metavar="FILE", help="the page (default: reports/conformance.html)"
    )
    compare.add_argument("--json", metavar="FILE", help="the JSON (default: beside the page)")
    compare.add_argument("--readme", metavar="FILE", help="a file that has the table between two marking comments")
    return made


def main(arguments: Sequence[str]) -> int:
    """Write what was asked for; gives the exit code."""
    own = parser().parse_args(arguments)
    try:
        return _compare([Path(file) for file in own.files], Path(own.page), own.json, own.readme)
    except Refusal as refusal:
        print(f"bin/report: {refusal}", file=sys.stderr)
        return 2


def _compare(files: Sequence[Path], page: Path, asked_json: str | None, readme: str | None) -> int:
    made = Matrix.of(files, seen_from=page.parent)
    # Everything is made before anything is written.
    texts = {
        page: matrix.page(made),
        Path(asked_json) if asked_json else page.with_suffix(".json"): _json(made),
    }
    if readme:
        texts[Path(readme)] = _readme(Path(readme), made)
    for file, text in texts.items():
        _write(file, text)
    for each in made.platforms:
        print(f"{each.title}: judged on {each.date}")
    print(f"{len(made.rows)} promises on {len(made.platforms)} platforms; read {os.path.relpath(page)}")
    return 0


def _json(made: Matrix) -> str:
    return json.dumps(made.to_json(), ensure_ascii=False, indent=1) + "\n"


def _readme(file: Path, made: Matrix) -> str:
    try:
        return matrix.in_readme(file.read_text("utf-8"), made)
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not in UTF-8") from None
    except Refusal as refusal:
        raise Refusal(f"{file}: {refusal}") from None


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
