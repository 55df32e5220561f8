"""Three-valued verdicts: a red scenario either disproves its promise or shows nothing either way."""

from collections.abc import Mapping
from enum import Enum


class Verdict(Enum):
    """What a scenario shows about its promise."""

    PROVEN = "proven"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"


class DeadlinePassed(AssertionError):
    """What was awaited did not come within its time while the observer worked: the promise is violated."""


class NotShown(Exception):
    """The promise could be shown neither way, for example because the platform failed in a Given."""


def verdict_of_step(step_type: str, status: str, error: BaseException | None) -> Verdict:
    """The verdict of one step.

    :param step_type: ``given``, ``when`` or ``then``.
    :param status: the name of behave's status (``passed``, ``failed``, ``error``, ``undefined`` ...).
    :param error: what the step raised.

    A failed assertion violates the promise, except in a Given: there the situation that the promise speaks of
    was never reached. Whatever else goes wrong is inconclusive.
    """
    if status == "passed":
        return Verdict.PROVEN
    if status == "failed" and step_type != "given" and (error is None or isinstance(error, AssertionError)):
        return Verdict.VIOLATED
    return Verdict.INCONCLUSIVE


def verdict_of_error(error: BaseException | None) -> Verdict:
    """The verdict of an examination after the steps (oracle, canary, undo); None: it found nothing."""
    if error is None:
        return Verdict.PROVEN
    return Verdict.VIOLATED if isinstance(error, AssertionError) else Verdict.INCONCLUSIVE


STATUSES: Mapping[Verdict | None, str] = {
    Verdict.PROVEN: "passed",
    Verdict.VIOLATED: "failed",
    Verdict.INCONCLUSIVE: "error",
    None: "skipped",
}
"""What scenarios, steps and checks are counted as, by their verdict (None: not played, for a stated reason)."""

NOT_RUN = "untested"
"""The status of what was to be played and was never begun."""


def worst(*verdicts: Verdict) -> Verdict:
    """The verdict of several together: a violation must not hide behind something that could not be shown."""
    for verdict in (Verdict.VIOLATED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PROVEN
