"""Pages that are read while others write: only those are judged, and a few of them show nothing."""

from typing import Any

import pytest

from support.business_data.pagination import ArchiveReads
from support.load.http_crowd import CrowdRequest
from support.platform.outcome import Outcome
from support.scenario.verdict import NotShown


def reading(*pages):
    """Pages by moment and seconds, between writes at 10 and 20."""
    read = [Outcome("GET", "/", 200, sent_at=moment, seconds=seconds) for moment, seconds in pages]
    nobody: Any = None
    written = [
        (CrowdRequest(nobody, lambda platform, who: nobody), Outcome("POST", "/", 201, sent_at=moment))
        for moment in (20.0, 10.0)
    ]
    return ArchiveReads([], [], read, written)


def test_only_pages_that_were_asked_for_while_others_wrote_are_judged():
    seen = reading((9.9, 5.0), (10.0, 0.1), (19.9, 0.3), (20.1, 0.01))
    assert (len(seen.judged()), seen.p95) == (2, 0.3)


def test_pages_of_a_quiet_time_show_nothing():
    with pytest.raises(NotShown, match="no page was read"):
        _ = reading((9.0, 0.1), (21.0, 0.1)).p95


@pytest.mark.parametrize(("count", "enough"), [(19, False), (20, True)])
def test_few_pages_show_nothing(count, enough):
    seen = reading((5.0, 0.1), *[(15.0, 0.1)] * count)
    if enough:
        seen.require_enough()
        return
    with pytest.raises(NotShown, match="only 19 of 20"):
        seen.require_enough()
