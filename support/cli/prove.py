"""`bin/prove`: shows that every check can fail."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from support.proof import report, selection
from support.proof.catalogue import CatalogueError, Defect, load
from support.proof.runner import ProofStopped, Runner
from support.proof.verdicts import unproved
from support.settings import CHECKOUT, Settings

DESCRIPTION = """\
Runs the platform with each seeded defect, and with it the scenario that must notice. A defect is killed when the
scenario is violated at the step that the catalogue names; an inconclusive scenario proves nothing. First all
scenarios concerned run on the sound platform, at the same small size: they must be green.

With no argument the whole catalogue is run, and every scenario must have a killed defect.
"""

EPILOG = """\
--changed takes what differs from the merge-base with main (on main: from the commit before), uncommitted files
included, by these rules:
  a feature                  the defects of its scenarios
  a module of apex/defects   the defects it names
  a service's own code       the defects of that service
  code that all share        the first defect of each promise (apex/, support/, steps/, environment.py ...)
  no earlier commit          everything

exit code: 0 all killed; 1 a survivor, a wrong step, an inconclusive scenario, one without a killed defect;
2 refused. Written to reports/: proof.json, and proof/<defect>/ with the evidence of each run.
"""


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="bin/prove",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("ids", nargs="*", metavar="ID", help="a defect (AEC-03a), promise (AEC-03) or category (AEC)")
    made.add_argument("--changed", action="store_true", help="the defects that the current change concerns")
    made.add_argument(
        "--eighth",
        nargs="?",
        type=int,
        choices=range(1, selection.PARTS + 1),
        const=selection.part_of_day(date.today()),
        metavar="N",
        help="the part of the catalogue that is due today (or part N, 1 to 8): eight days prove all of it",
    )
    made.add_argument("--list", action="store_true", help="show the selected defects and run nothing")
    return made


def main(arguments: Sequence[str]) -> int:
    """Run the proof; gives the exit code."""
    own = parser().parse_args(arguments)
    try:
        catalogue = load()
        chosen = _chosen(own, catalogue)
        if own.list:
            print(*(f"{defect.id}  {defect.service:<9}  {defect.summary}" for defect in chosen), sep="\n")
            return 0
        return _prove(chosen, whole=len(chosen) == len(catalogue))
    except (CatalogueError, selection.UnknownId, ProofStopped) as error:
        print(f"bin/prove: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bin/prove: interrupted", file=sys.stderr)
        return 130


def _chosen(own: argparse.Namespace, catalogue: Sequence[Defect]) -> list[Defect]:
    if not (own.ids or own.changed or own.eighth):
        return list(catalogue)
    chosen = set(selection.named(own.ids, catalogue))
    if own.eighth:
        chosen |= set(selection.part(own.eighth, catalogue))
    if own.changed:
        paths = selection.changed_paths()
        chosen |= set(catalogue if paths is None else selection.touched(paths, catalogue, _text))
    return [defect for defect in catalogue if defect in chosen]


def _text(path: str) -> str:
    file = CHECKOUT / path
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _prove(chosen: Sequence[Defect], whole: bool) -> int:
    reports = Settings().reports
    if not chosen:
        print("nothing to prove: no defect is concerned")
        print(*report.closing([], []), sep="\n")
        return 0
    with Runner(reports / "proof", progress=_say) as runner:
        control = runner.control(None if whole else {defect.scenario for defect in chosen})
        proofs = runner.prove(chosen, done=lambda proof: _say(report.line(proof)))
    titles = [result.title for result in control.scenarios] if whole else []
    missing = unproved(titles, proofs)
    report.write(reports / "proof.json", proofs, missing)
    print(f"\n{report.table(proofs)}\n")
    print(*report.closing(proofs, missing), sep="\n")
    return int(bool(missing) or not all(proof.is_killed for proof in proofs))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
