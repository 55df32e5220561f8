"""``python -m apex.contract [--check]``."""

from __future__ import annotations

import argparse
import sys

from apex.contract import FOLDER, documents, written


def main() -> int:
    """Write the documents, or say which are not current (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m apex.contract", description="Writes the published contract.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a document is not current")
    check = parser.parse_args().check
    stale = []
    for name, document in documents().items():
        path, text = FOLDER / name, written(document)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{name} {'is not current: run python -m apex.contract' if check else 'written'}\n")
    return 1 if check and stale else 0


sys.exit(main())
