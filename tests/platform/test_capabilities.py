"""What a platform lacks skips a scenario with its reason; what nobody knows is a mistake."""

import pytest

from support.platform.capabilities import EVERYTHING, Capability, UnknownCapability, missing, needed


def test_a_platform_that_has_it_all_lacks_nothing():
    assert missing([capability.tag for capability in Capability], "reference", EVERYTHING) is None


def test_what_is_lacking_is_named():
    tags = ["AEC-11", "gate", "needs.cancellation", "needs.notices", "needs.live_events"]
    has = EVERYTHING - {Capability.CANCELLATION, Capability.NOTICES, Capability.PLANS}
    said = missing(tags, "small", has)
    assert said == "the platform small lacks runs that can be cancelled, notices to everyone"


def test_what_the_suite_does_not_know_is_not_said_to_be_missing_in_the_platform():
    tags = ["needs.cancellation", "needs.own_records"]
    said = missing(tags, "small", frozenset(), {Capability.CANCELLATION: "-D mode=large has it"})
    assert said == (
        "the platform small lacks runs that can be cancelled (-D mode=large has it); "
        "the suite lacks knowledge of what its tables mean"
    )


def test_other_tags_need_nothing():
    assert needed(["smoke", "AEC-01", "segment.free"]) == []


def test_an_unknown_capability_is_refused():
    with pytest.raises(UnknownCapability, match=r"^@needs\.wings names no capability; there are needs\.accounts, "):
        needed(["needs.wings"])
