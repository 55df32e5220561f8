"""What must be found wrong with a configuration, and what was."""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless, short


@dataclass(frozen=True, slots=True)
class Fault:
    """Where it stands (the end of a path, a variable), at which key ("" for a whole file), and a part of the reason."""

    place: str
    key: str
    reason: str

    def is_told_by(self, line: str) -> bool:
        """Whether a line names place, key and reason."""
        place, _, rest = line.partition(": ") if self.place else ("", "", line)
        names_key = rest.startswith(f"{self.key}: " if self.key else "")
        return place.endswith(self.place) and names_key and self.reason in rest


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a command, or a service that would not start, said: its exit code and a line for each fault."""

    code: int
    lines: Sequence[str]


def names_just(expected: Sequence[Fault], code: int) -> BaseMatcher[Complaint]:
    """Every fault has a line of its own, there is no other, and the exit code says that the configuration is faulty."""

    def faults_of(complaint: Complaint) -> list[str]:
        wrong = [] if complaint.code == code else [f"the exit code is {complaint.code}, expected {code}"]
        left = list(complaint.lines)
        for fault in expected:
            told = next((line for line in left if fault.is_told_by(line)), None)
            if told is None:
                wrong.append(f"nothing says of {fault.key or fault.place} ({fault.place}) that {fault.reason!r}")
            else:
                left.remove(told)
        return wrong + [f"it also says {short(line)}" for line in left]

    return faultless(f"a message that names {len(expected)} faults, each with place, key and reason", faults_of)
