"""What reports are made of."""

import json

import pytest

from support.redaction import MASK
from support.reported import LONGEST, reported
from tests.run.examples import record, step


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nof 日本 \U0001f600", "plain\ttext\nof 日本 \U0001f600"),
        ("expected \x1b[31mred\x1b[0m, \x1b[38;5;196;1mbold\x1b[m, \x9b32mgreen", "expected red, bold, green"),
        ("\x1b]0;a title\x07and \x1b]8;;https://a.test\x1b\\a link\x1b]8;;\x1b\\, \x1b(Bdone", "and a link, done"),
        (
            "half \ud800, nul \x00, bell \x07, \ufffe, \x85, \x7f",
            "half \\ud800, nul \\x00, bell \\x07, \\ufffe, \\x85, \\x7f",
        ),
        (f"Bearer \x1b[1mabcdefgh{'i' * 20}\x1b[0m", f"Bearer {MASK}"),
    ],
)
def test_a_text_can_be_written_anywhere(text, shown):
    assert reported(text) == shown
    assert reported(shown) == shown


@pytest.mark.parametrize("length", [LONGEST + 1, 3_000_000])
def test_a_huge_text_is_cut_with_a_note(length):
    text = reported(f"first {'x' * length} last")
    assert text.startswith("first")
    assert text.endswith(" last")
    assert f"cut here: the whole is {length + 11} characters long" in text
    assert len(text) <= LONGEST
    assert reported(text) == text


def test_a_value_is_reported_with_all_that_it_holds():
    seen = reported({"a": ["\x00", ("\x1b[1mb", 3)], "headers": {"Cookie": "opaque", "password": 'a"b', "token": ""}})
    assert seen == {"a": ["\\x00", ("b", 3)], "headers": {"Cookie": MASK, "password": MASK, "token": ""}}


def test_no_record_holds_what_no_report_may():
    secret = "Bearer abcdefghijklmnop \ud800"
    red = record(
        scenario=secret, reason=secret, steps=(step(secret, "failed", error=secret, text=secret, table=[[secret]]),)
    )
    written = json.dumps(red.to_json(), ensure_ascii=False).encode()
    assert b"abcdefgh" not in written
