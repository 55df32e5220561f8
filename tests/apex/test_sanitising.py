"""Secrets are masked wherever they stand, and nothing else is."""

import asyncio
import json
import time
import uuid
from typing import Any

import pytest

from apex.tools import ToolCall
from apex.tools.sanitising import MASK, hidden, masked, shown

SECRET = "hunter2-x/y+z="


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"password": SECRET, "b": 1}),
        json.dumps(json.dumps({"password": SECRET})),
        json.dumps({"password": f'with " and {SECRET}'}),
        f"{{'api_key': '{SECRET}'}}",
        f"aws_secret_access_key = {SECRET}",
        f"PASSWD={SECRET}",
        f"x-api-key: {SECRET}",
        f"accessKey={SECRET}&page=2",
        f"Cookie: theme=dark; session={SECRET}",
        f"Set-Cookie: session={SECRET}; HttpOnly",
        json.dumps({"headers": [f"cookie: a=b; c={SECRET}"]}),
        f"Authorization: Digest username=me, response={SECRET}",
        f"https://me:{'hunter2-x'}@host/path",
        f"https://{'hunter2-x'}@host/path",
        f"https://me:{'hunter2@x'}@host/path",
        "postgresql://me:hunter2@host/base",
    ],
)
def test_a_secret_in_a_text_is_masked(text):
    assert "hunter2" not in masked(text)
    assert MASK in masked(text)
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    "name", ["access_key", "pwd", "passwd", "cookie", "api-key", "AccessKeyId", "session_token", "Authorization"]
)
def test_what_stands_under_a_telling_name_is_masked(name):
    assert shown({name: SECRET, "other": "kept"}) == {name: MASK, "other": "kept"}


@pytest.mark.parametrize(
    "text",
    [
        "Read /acme/first.",
        "https://host/path?at=a@b.example",
        "Write to ada@acme.example: she knows the passage.",
        "You can save 12.50 USD a month on 3 instances.",
        '{"path": "/v1/prices", "key": "value"}',
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert masked(text) == text


def test_around_a_secret_a_text_stays_readable():
    assert masked('{"password": "abc", "user": "me"}') == '{"password": "***", "user": "me"}'
    assert masked("password=abc, as is") == "password=***, as is"
    assert masked("https://me:abc@host/x") == "https://***@host/x"


def test_what_is_kept_is_not_cut():
    value = {"list": list(range(50)), "text": "a" * 500, **{str(n): n for n in range(50)}}
    assert hidden(value) == value
    assert shown(value) != value


@pytest.mark.parametrize(
    "text", ["a" * 300_000, "token" * 60_000, "token " * 50_000, "https://" * 40_000, "token=" * 50_000]
)
def test_long_texts_are_read_in_one_go(text):
    began = time.thread_time()
    masked(text)
    # What took the square of the length would take minutes.
    assert time.thread_time() - began < 5


def test_what_a_tool_reports_is_told_without_secrets():
    told: list[dict[str, Any]] = []
    ids = (str(uuid.uuid4()), "research", "run", "tenant", "user")
    nobody: Any = None
    call = ToolCall(*ids, nobody, "http://partner", nobody, nobody, told.append)
    asyncio.run(call.report(f"Signing in with password={SECRET}", 1, 2))
    assert told == [{"message": f"Signing in with password={MASK}", "done": 1, "total": 2}]


def test_a_secret_under_which_something_stands_is_none_either():
    assert shown({f"Bearer {SECRET}": {"a": 1}}) == {f"Bearer {MASK}": {"a": 1}}
    assert hidden({"eyJhbGciOi.eyJzdWIi.c2lnbmVk": 1}) == {MASK: 1}
