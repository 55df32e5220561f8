"""The matcher over texts that must not show a secret."""

import pytest
from hamcrest import assert_that
from hamcrest.core.string_description import StringDescription

from support.tool_dispatcher.partner_sign_in import Searched, hide

SECRETS = {"password": "s3cr3t"}


def test_texts_with_their_control_and_no_secret_are_accepted():
    assert_that(Searched(["log: hello reader", "event: your key is ***"], ("reader",)), hide(SECRETS))


@pytest.mark.parametrize(
    ("searched", "fault"),
    [
        (Searched(["log: reader", "event: your key is s3cr3t"], ("reader",)), "event shows the password"),
        (Searched(["log: your key is ***"], ("reader",)), "nothing shows reader"),
        (Searched([], ("reader",)), "nothing shows reader"),
        (Searched(["log: reader"], ()), "nothing shows what is known"),
    ],
    ids=["a secret", "no control", "no text", "nothing to look for"],
)
def test_texts_that_show_a_secret_or_prove_nothing_are_not(searched, fault):
    mismatch = StringDescription()
    assert not hide(SECRETS).matches(searched, mismatch)
    assert fault in str(mismatch)
    assert "s3cr3t" not in str(mismatch)
