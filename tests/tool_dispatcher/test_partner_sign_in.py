"""The matcher over texts that must not show a secret."""

import pytest
from hamcrest import assert_that
from hamcrest.core.string_description import StringDescription

from support.tool_dispatcher.partner_sign_in import Searched, hides


def test_a_text_with_its_control_and_no_secret_is_accepted():
    assert_that(Searched("hello reader, your key is ***", ("reader",)), hides(["s3cr3t"]))


@pytest.mark.parametrize(
    "searched",
    [
        Searched("hello reader, your key is s3cr3t", ("reader",)),
        Searched("hello, your key is ***", ("reader",)),
        Searched("", ("reader",)),
        Searched("hello reader, your key is ***", ()),
    ],
    ids=["shows a secret", "lacks the control", "is empty", "has no control"],
)
def test_a_text_that_shows_a_secret_or_proves_nothing_is_not(searched):
    mismatch = StringDescription()
    assert not hides(["s3cr3t"]).matches(searched, mismatch)
    assert "s3cr3t" not in str(mismatch)
