"""``python -m defects --list [--json]``: the catalogue; ``--check ID ...``: what defects do not reach."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from importlib import import_module
from pkgutil import walk_packages

import apex
from defects import CATALOGUE, catalogue
from defects._patching import left


def main() -> None:
    """Print every defect, a line each or all as JSON; or what some of them do not reach."""
    parser = argparse.ArgumentParser(prog="python -m defects", description="The catalogue of seeded defects.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="show the catalogue")
    what.add_argument(
        "--check", nargs="+", metavar="ID", help="say which modules go on with what these defects replace"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args()
    if options.check:
        check(parser, options.check)
        return
    defects = [
        {
            "id": defect.id,
            "promise": defect.promise,
            "service": defect.service,
            "summary": defect.summary,
            "scenario": defect.scenario,
            "step": defect.step,
            "blind": defect.blind,
        }
        for defect in catalogue().values()
    ]
    if options.json:
        json.dump(defects, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    for defect in defects:
        sys.stdout.write(f"{defect['id']}  {defect['service']:<9}  {defect['summary']}\n")


def check(parser: argparse.ArgumentParser, ids: list[str]) -> None:
    """Apply each of the defects in a process of its own that has loaded the whole platform."""
    known = catalogue()
    if unknown := [each for each in ids if each not in known]:
        parser.error(f"there is no defect {', '.join(unknown)}; --list shows them all")
    for module in walk_packages(apex.__path__, prefix="apex."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for each in ids:
        process = multiprocessing.get_context("fork").Process(target=_check, args=[each])
        process.start()
        process.join()
        if process.exitcode:
            parser.exit(1, f"{each} cannot be applied: exit code {process.exitcode}\n")


def _check(id: str) -> None:
    CATALOGUE[id].apply()
    where = left("apex")
    said = f"what it replaces is still at {', '.join(where)}" if where else "no module goes on with what it replaces"
    sys.stdout.write(f"{id}  {said}\n")
    sys.stdout.flush()


main()
