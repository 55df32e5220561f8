"""`bin/prove`: shows that every check can fail."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from support.proof import first_sight, report, selection
from support.proof.catalogue import CatalogueError, Defect, load, spoilings
from support.proof.changes import changes
from support.proof.run import ProofRun, ProofStopped
from support.proof.store import Store
from support.proof.verdicts import Proof, unproved
from support.refusal import Refusal
from support.run.capacity import refuse_too_many
from support.settings import CHECKOUT, Settings, reports_of

DESCRIPTION = """\
Runs the platform with each seeded defect, and with it the scenario that must notice. A defect is killed when the
scenario is violated at the step that the catalogue names; an inconclusive scenario proves nothing. First all
scenarios concerned run on the sound platform, at the same small size: they must be green.

With no argument the whole catalogue is looked at, and every scenario must have a killed defect. What was proved
before (reports/proved.json) counts as long as nothing has changed that it depends on: the scenario's feature, steps
and support, the service's sources, the defect. Whoever interrupts a proof goes on with it by the next call.
"""

EPILOG = """\
Proved afresh, whatever is known: what is named by its ID, the part that --eighth chooses, everything with --all.

--changed takes what differs from where HEAD left main, or origin/main (on its tip: from the commit before), and with
--since REF from where HEAD left REF, uncommitted files included, by these rules:
  a feature                  the defects of its scenarios
  a module of defects        the defects it names
  a service's own code       the defects of that service
  code that all share        the first defect of each promise (apex/, support/, steps/, environment.py ...)
  no earlier commit          everything
It says what it compares with, and refuses where it cannot know (a clone without main, or without its commits). That no
defect is concerned is a success only if no check depends on what has changed.

--mutants makes small changes of code that scenarios run through, by a library's operators, and plays these scenarios
until one notices. What each runs through is recorded first (minutes), and kept in reports/covered.json. A survivor
needs a check, or, where nobody could notice it, a line with the reason in defects/equivalent.toml.

--spoiled changes what the platform says on its way to the driver: a status, a result, a list, events dropped, doubled,
in another order, late or of another customer. So the checks are proved on platforms that cannot be given defects. The
controls pass through what could spoil them. With IDs (AEC-03.1, AEC-03, AEC) or --all afresh; --list shows all.

exit code: 0 all killed; 1 a survivor, a wrong step, an inconclusive scenario, one without a killed defect, a change
that concerns no defect; 2 refused; 128 + N when signal N ended the proof early (130: Ctrl-C). Written to reports/:
proof.json, and proof/<defect>/ with the evidence of each run.
"""


class Unconcerned(Exception):
    """Checks depend on what has changed, and no defect would show that they still can fail; one line."""


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="bin/prove",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("ids", nargs="*", metavar="ID", help="a defect (AEC-03a), promise (AEC-03) or category (AEC)")
    made.add_argument("--all", action="store_true", help="the whole catalogue, and nothing of it is taken as known")
    made.add_argument("--changed", action="store_true", help="the defects that the current change concerns")
    made.add_argument(
        "--since", metavar="REF", help="with --changed: compare with where HEAD left this commit or branch"
    )
    made.add_argument(
        "--eighth",
        nargs="?",
        type=int,
        choices=range(1, selection.PARTS + 1),
        const=selection.part_of_day(date.today()),
        metavar="N",
        help="the part of the catalogue that is due today (or part N, 1 to 8): eight days prove all of it",
    )
    made.add_argument(
        "--blind",
        action="store_true",
        help="plant the blind defects of which nobody knows yet which scenario notices them, and say which does",
    )
    made.add_argument(
        "--mutants",
        type=_number,
        metavar="N",
        help="change N places of the platform's code, one at a time, and say which change no scenario notices",
    )
    made.add_argument("--seed", type=int, metavar="S", help="with --mutants: which places (default: new ones)")
    made.add_argument(
        "--spoiled",
        action="store_true",
        help="spoil what the platform says on its way to the driver, instead of seeding defects; with -D target=NAME "
        "for a platform that cannot be given any",
    )
    made.add_argument("--jobs", "-j", type=_lanes, metavar="N", help="lanes side by side (default: what fits here)")
    made.add_argument(
        "-D",
        "--define",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="reports=DIR: where to write; with --spoiled target=NAME: the platform",
    )
    made.add_argument("--list", action="store_true", help="show the selected defects and run nothing")
    return made


def _lanes(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lanes, 1 or more")
    return int(text)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, 1 or more")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run the proof; gives the exit code."""
    own = parser().parse_args(arguments)
    try:
        if own.seed is not None and not own.mutants:
            raise Refusal("--seed says which --mutants are tried; give both")
        if own.since and not own.changed:
            raise Refusal("--since says what --changed compares with; give both")
        if own.spoiled:
            return _spoil(own)
        if any(definition.startswith("target=") for definition in own.define):
            raise Refusal("-D target=NAME goes with --spoiled: only Apex can be given defects")
        reports = reports_of(own.define)
        refuse_too_many(own.jobs or 1)
        if own.mutants:
            return _mutate(own, reports)
        listed = load()
        if own.blind:
            return _plant(selection.named(own.ids, listed) if own.ids else listed, own, reports)
        catalogue = tuple(defect for defect in listed if defect.is_planted)
        chosen, afresh = _chosen(own, catalogue)
        if own.list:
            print(*(f"{defect.id}  {defect.service:<9}  {defect.summary}" for defect in chosen), sep="\n")
            return 0
        whole = len(chosen) == len(catalogue)
        return _prove(chosen, frozenset(defect.id for defect in afresh), own.jobs, reports, whole=whole)
    except Unconcerned as error:
        print(f"bin/prove: {error}", file=sys.stderr)
        return 1
    except (CatalogueError, selection.UnknownId, ProofStopped, Refusal) as error:
        print(f"bin/prove: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bin/prove: interrupted", file=sys.stderr)
        return 130


def _chosen(own: argparse.Namespace, catalogue: Sequence[Defect]) -> tuple[list[Defect], set[Defect]]:
    """The selected defects in the order of the catalogue, and those of them that are proved afresh."""
    if own.all:
        return list(catalogue), set(catalogue)
    if not (own.ids or own.changed or own.eighth):
        return list(catalogue), set()
    afresh = set(selection.named(own.ids, catalogue))
    if own.eighth:
        afresh |= set(selection.part(own.eighth, catalogue))
    chosen = set(afresh)
    if own.changed:
        chosen |= _concerned(own.since, catalogue)
    return [defect for defect in catalogue if defect in chosen], afresh


def _spoil(own: argparse.Namespace) -> int:
    if own.changed or own.eighth or own.blind or own.mutants:
        raise Refusal("--spoiled takes IDs, or --all; it goes with --jobs, --list and -D")
    given = dict(definition.partition("=")[::2] for definition in own.define)
    settings = Settings.from_userdata({"target": given.pop("target", "apex")})
    reports = reports_of([f"{name}={value}" for name, value in given.items()])
    refuse_too_many(own.jobs or 1)
    catalogue = spoilings(settings.target)
    chosen = selection.named(own.ids, catalogue) if own.ids else list(catalogue)
    if own.list:
        print(*(f"{defect.id:<9}  {defect.summary}" for defect in chosen), sep="\n")
        return 0
    afresh = frozenset(defect.id for defect in chosen) if own.ids or own.all else frozenset()
    folder = reports / f"spoiled-{settings.target}"
    store = Store(reports / f"spoiled-{settings.target}.json")
    run = ProofRun(chosen, afresh, folder, store, _say, own.jobs, target=settings.target)
    return _conclude(run, run.run(), reports / f"spoiled-proof-{settings.target}.json", [])


def _plant(defects: Sequence[Defect], own: argparse.Namespace, reports: Path) -> int:
    chosen = [defect for defect in defects if not defect.is_planted]
    if own.list or not chosen:
        for defect in chosen:
            print(f"{defect.id}  {defect.service:<9}  {defect.summary}")
        print(f"{len(chosen)} blind defects have not been planted")
        return 0
    sightings = first_sight.plant(chosen, reports, _say, own.jobs)
    print(*first_sight.closing(sightings), sep="\n")
    return int(len(sightings) < len(chosen) or not all(each.is_seen for each in sightings))


def _mutate(own: argparse.Namespace, reports: Path) -> int:
    # What it is made with is needed for nothing else, and takes its time to load.
    from support.proof import mutation

    if own.ids or own.all or own.eighth or own.blind or own.list:
        raise Refusal("--mutants takes no defects; it goes with --seed, --changed, --jobs")
    only = None
    if own.changed and (found := changes(CHECKOUT, own.since)) is not None:
        _note(f"of what differs from {found.compared_with}")
        only = frozenset(found.paths)
    seed = secrets.randbelow(1_000_000) if own.seed is None else own.seed
    outcome = mutation.mutate(seed, own.mutants, only, reports, _say, own.jobs)
    print(*mutation.closing(outcome), sep="\n")
    return int(not outcome.complete or outcome.share < mutation.GOAL)


def _concerned(since: str | None, catalogue: Sequence[Defect]) -> set[Defect]:
    """The defects that the change concerns; says what was compared with what."""
    found = changes(CHECKOUT, since)
    if found is None:
        _note("HEAD is the first commit: there is nothing to compare with, and everything is taken")
        return set(catalogue)
    _note(f"compared with {found.compared_with}: {len(found.paths)} files differ, uncommitted ones included")
    unproved = selection.unproved(found.paths, catalogue, _text)
    if unproved:
        raise Unconcerned(f"no defect is concerned by what has changed in {', '.join(unproved)}")
    return set(selection.touched(found.paths, catalogue, _text))


def _text(path: str) -> str:
    file = CHECKOUT / path
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _prove(chosen: Sequence[Defect], afresh: frozenset[str], jobs: int | None, reports: Path, *, whole: bool) -> int:
    if not chosen:
        print("nothing to prove: no check depends on what has changed")
        print(*report.closing([], []), sep="\n")
        return 0
    store = Store(reports / "proved.json")
    everything_afresh = len(afresh) == len(chosen) and whole
    if everything_afresh and store.begin():
        _say("going on with the proof of everything that was interrupted")
    run = ProofRun(chosen, afresh, reports / "proof", store, _say, jobs, resumes=everything_afresh)
    proofs = run.run()
    if everything_afresh and not run.interrupted:
        store.end()
    missing = unproved(run.titles(), proofs) if whole and not run.interrupted else []
    return _conclude(run, proofs, reports / "proof.json", missing)


def _conclude(run: ProofRun, proofs: Sequence[Proof], file: Path, missing: Sequence[str]) -> int:
    """Write and show what was proved; gives the exit code."""
    chosen = run.defects
    report.write(file, proofs, missing, run.control_seconds)
    print(f"\n{report.table(proofs)}\n")
    print(*report.closing(proofs, missing), sep="\n")
    if run.interrupted:
        print(f"interrupted: {len(chosen) - len(proofs)} of {len(chosen)} are left; the next call goes on from here")
        return 130
    return int(bool(missing) or not all(proof.is_killed for proof in proofs))


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    """For readers; what is listed stands by itself on the standard output."""
    print(f"bin/prove: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
