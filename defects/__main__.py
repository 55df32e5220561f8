"""``python -m defects --list [--json]``: the catalogue."""

from __future__ import annotations

import argparse
import json
import sys

from defects import catalogue


def main() -> None:
    """Print every defect: a line each, or all as JSON."""
    parser = argparse.ArgumentParser(prog="python -m defects", description="The catalogue of seeded defects.")
    parser.add_argument("--list", action="store_true", required=True, help="show the catalogue")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args()
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


main()
