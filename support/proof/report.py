"""What a proof leaves behind: the table, `proof.json` and the closing lines."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.proof.verdicts import Judgement, Proof

HEADINGS = ("defect", "scenario", "step expected", "step that went red", "verdict", "time")
WIDTHS = (8, 44, 44, 44, 12, 8)


def line(proof: Proof) -> str:
    """One proof as it becomes known."""
    note = f": {proof.note.splitlines()[0]}" if proof.note else ""
    return f"{proof.defect.id:<8} {proof.judgement.value + note:<14} {proof.seconds:6.1f} s  {proof.defect.summary}"


def table(proofs: Sequence[Proof]) -> str:
    """All proofs, one row each; long texts are cut."""
    rows = [
        (
            proof.defect.id,
            proof.defect.scenario,
            proof.defect.step,
            "(the same)" if proof.is_killed else proof.red_step or "-",
            proof.judgement.value,
            f"{proof.seconds:.1f} s",
        )
        for proof in proofs
    ]
    return "\n".join(
        "  ".join(_cut(text, width).ljust(width) for text, width in zip(row, WIDTHS, strict=True)).rstrip()
        for row in (HEADINGS, *rows)
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def write(path: Path, proofs: Sequence[Proof], unproved: Sequence[str], control_seconds: Mapping[str, float]) -> None:
    """Write everything that is known as JSON; `control_seconds`: by title, of the scenarios on the sound platform."""
    found = [
        {
            **proof.defect.to_json(),
            "verdict": proof.judgement.value,
            "red_step": proof.red_step,
            "note": proof.note,
            "seconds": round(proof.seconds, 3),
        }
        for proof in proofs
    ]
    known = {"proofs": found, "unproved_scenarios": list(unproved), "control_seconds": dict(control_seconds)}
    text = json.dumps(known, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def closing(proofs: Sequence[Proof], unproved: Sequence[str]) -> list[str]:
    """The last lines: the defects by fate, then all as passed and failed (an unproved scenario is a failure)."""
    count = Counter(proof.judgement for proof in proofs)
    killed = count[Judgement.KILLED]
    fates = ", ".join(f"{count[judgement]} {judgement.value}" for judgement in Judgement)
    return [
        *(f"without a killed defect: {title}" for title in unproved),
        fates,
        f"{killed} passed, {len(proofs) - killed + len(unproved)} failed",
    ]
