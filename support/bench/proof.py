"""How long a defect takes to be proved, beside its scenario on the sound platform in the same proof."""

import json
import sys

from support.bench.measurement import Aim, Judged, Measurement, Side
from support.bench.project import run_to_end
from support.bench.series import Series
from support.bench.workbench import Workbench
from support.settings import CHECKOUT

# One promise of each finished category, of different services.
_PROMISES = ("AEC-01", "WSE-07", "TLD-01", "DBL-01", "API-05", "CSC-02")
_AIM = Aim(Judged.SUITE, 2.5)


def measure(bench: Workbench) -> list[Measurement]:
    """One call of bin/prove; a figure for each defect."""
    bench.progress("proof: a promise of each category")
    reports = bench.folder / "proof"
    command = [sys.executable, "-m", "support.cli.prove", *_PROMISES, f"-Dreports={reports}"]
    whole = run_to_end(command, CHECKOUT, bench.folder / "proof.txt")
    written = json.loads((reports / "proof.json").read_text(encoding="utf-8"))
    proofs, controls = written["proofs"], written["control_seconds"]
    suite = Series(tuple(proof["seconds"] for proof in proofs))
    bare = Series(tuple(max(0.001, controls[proof["scenario"]]) for proof in proofs))
    return [
        Measurement(
            "proof",
            f"{len(proofs)} defects, each a restart of its service and its scenario",
            "s",
            Side("with the defect loaded, restart included", suite),
            Side("the same scenario on the sound platform", bare),
            _AIM,
            (f"the whole call, stacks and green control included: {whole:.1f} s",),
        )
    ]
