"""`bin/walk`: customers do whatever customers do, in any order, and every answer must be what the model says."""

import argparse
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.proof.catalogue import CatalogueError, load
from support.refusal import Refusal
from support.run.session import Session
from support.settings import Settings, reports_of
from support.walk.disturbances import DISTURBANCES
from support.walk.moves import KINDS, MOVES, mostly
from support.walk.people import Ground
from support.walk.taking import take
from support.walk.walking import Move, Step, Walk, draw, shortest

DESCRIPTION = """\
Draws a walk of so many steps and takes it on the platform: people sign up, join, leave, log in and out, write, move and
delete, spend money, run agents with every end, meddle with what is others', watch, leave and come back, while services
crash and connections break. A small model says what each answer must be; at the end everything is read back, and the
oracles look at all that was answered, told, logged and stored.

Where a walk fails, the shortest one that still fails is looked for and told in sentences.
"""

EPILOG = """\
examples:
  bin/walk                                  200 steps by a new seed, which is said
  bin/walk --seed 7 --steps 2000            a long one, always the same
  bin/walk --replay reports/walk.json       the one that failed, once more

exit code: 0 nothing wrong; 1 something is; 2 refused; 130 interrupted. Written to the reports: walk.json.
"""


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="bin/walk", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--seed", type=int, metavar="S", help="which walk (default: a new one)")
    made.add_argument("--steps", type=_count, default=200, metavar="N", help="how long it is (default: 200)")
    kinds = ", ".join(map(repr, KINDS))
    made.add_argument("--mostly", choices=KINDS, metavar="KIND", help=f"what is done most often, one of {kinds}")
    made.add_argument("--calm", action="store_true", help="without faults")
    made.add_argument("--replay", metavar="FILE", help="the steps of a walk.json instead of drawn ones")
    made.add_argument("--defect", metavar="ID", help="with this seeded defect in the platform: does the walk notice?")
    made.add_argument(
        "--shrink", type=_count, default=120, metavar="SECONDS", help="for how long a shorter one is looked for (120)"
    )
    made.add_argument("-D", "--define", action="append", default=[], metavar="reports=DIR", help="where to write")
    return made


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, 1 or more")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Walk; gives the exit code."""
    own = parser().parse_args(arguments)
    try:
        reports = reports_of(own.define)
        moves = MOVES if own.calm else {**MOVES, **DISTURBANCES}
        if own.mostly:
            moves = mostly(own.mostly, moves)
        seed = secrets.randbelow(1_000_000) if own.seed is None else own.seed
        steps = _replayed(Path(own.replay), moves) if own.replay else draw(seed, own.steps, moves)
        where = f"the walk of {own.replay}" if own.replay else f"a walk of {len(steps)} steps, --seed {seed}"
        return _walk(steps, moves, where, own, reports)
    except (CatalogueError, Refusal) as refusal:
        print(f"bin/walk: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bin/walk: interrupted", file=sys.stderr)
        return 130


def _walk(
    steps: Sequence[Step], moves: Mapping[str, Move[Ground]], where: str, own: argparse.Namespace, reports: Path
) -> int:
    known = {defect.id: defect for defect in load()} if own.defect else {}
    if own.defect and own.defect not in known:
        raise Refusal(f"there is no defect {own.defect}; bin/prove --list shows those that there are")
    print(where, flush=True)
    session = Session.open(Settings(reports=reports), _say)
    try:
        if own.defect:
            session.restart_with(known[own.defect].service, own.defect)
        taken = take(session, steps, moves, lambda number, sentence: _say(f"{number + 1}/{len(steps)} {sentence}"))
        _say("")
        if taken.failure is None:
            print(f"{len(taken.told)} of {len(steps)} steps were possible, in {taken.seconds:.1f} s; nothing is wrong")
            _keep(taken, reports)
            return 0
        print(_stumble(taken), flush=True)
        print(f"looking for a shorter walk that fails like this, for {own.shrink} s at most", flush=True)
        found = shortest(taken, lambda fewer: take(session, fewer, moves, lambda *_: None), own.shrink)
    finally:
        session.close()
    print(f"\nthe shortest that was found, {len(found.steps)} steps:")
    print(*(f"  {sentence}" for _, sentence in found.told), sep="\n")
    print(_stumble(found))
    print(f"kept: bin/walk --replay {_keep(found, reports)}")
    return 1


def _stumble(walk: Walk) -> str:
    failure = walk.failure
    assert failure is not None
    at = "" if failure.at is None else f"step {failure.at + 1}: "
    return "\n    ".join([f"  {at}{failure.sentence}", *failure.faults])


def _keep(walk: Walk, reports: Path) -> Path:
    file = reports / "walk.json"
    written: dict[str, Any] = {
        "steps": [{"move": step.move, "seed": step.seed} for step in walk.steps],
        "told": [sentence for _, sentence in walk.told],
        "failure": walk.failure and {"sentence": walk.failure.sentence, "faults": list(walk.failure.faults)},
        "seconds": round(walk.seconds, 3),
    }
    file.write_text(json.dumps(written, ensure_ascii=False, indent=1), "utf-8")
    return file


def _replayed(file: Path, moves: Mapping[str, Any]) -> list[Step]:
    try:
        written = json.loads(file.read_text("utf-8"))
        steps = [Step(each["move"], int(each["seed"])) for each in written["steps"]]
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{file} holds no walk: {type(error).__name__}: {error}") from None
    if unknown := sorted({step.move for step in steps} - set(moves)):
        raise Refusal(f"{file}: there is no move {unknown[0]!r}; there are {', '.join(sorted(moves))}")
    return steps


def _say(line: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K{line[:100]}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
