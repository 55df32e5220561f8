"""Kinds of values that a request may hold: what is published is what is accepted, and it is kept in one form."""

import json
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from apex.backend.models import CloudAccount
from apex.backend.paging import Cursor
from apex.backend.tools import Name
from apex.http import values

PROPERTY = settings(max_examples=60, derandomize=True, database=None, deadline=None)
REFUSED = object()
ID = "0b5c1f8e-9a3d-4c7b-8e2f-1a2b3c4d5e6f"


def field(name):
    return CloudAccount.model_fields[name]


KINDS: dict[str, Any] = {
    "short text": values.ShortText,
    "text": Annotated[str, Field(max_length=50), values.STORABLE],
    "password": values.Password,
    "typed password": values.TypedPassword,
    "token": values.Secret,
    "email": values.Email,
    "id": values.Id,
    "date": values.Date,
    "moment": values.Moment,
    "money": values.Money,
    "amount": values.Amount,
    "whole": Annotated[int, Field(ge=1, le=99), values.AsWhole],
    "cursor": Cursor,
    "tool": Name,
    **{name: Annotated[str, *field(name).metadata] for name in ("account_id", "role_arn", "region")},
}


def read(kind, value):
    """What is kept of a value, or REFUSED."""
    try:
        found = TypeAdapter(KINDS[kind]).validate_python(value, strict=True)
    except ValidationError:
        return REFUSED
    return found.get_secret_value() if isinstance(found, SecretStr) else found


def fits(kind):
    """Whether a JSON value keeps to the published schema."""
    # JSON Schema's $ is the very end, where Python's may be followed by the end of a line.
    published = json.dumps(TypeAdapter(KINDS[kind]).json_schema()).replace('$"', '\\\\Z"')
    return Draft202012Validator(json.loads(published), format_checker=FormatChecker()).is_valid


ANYTHING = st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none(), st.just([]), st.just({}), st.just("1")
)
WRITTEN = {
    "short text": st.text(min_size=1, max_size=210),
    "text": st.text(max_size=60),
    "password": st.text(min_size=8, max_size=210),
    "typed password": st.text(max_size=210),
    "token": st.text(max_size=210),
    "id": st.uuids().map(str) | st.from_regex(r"[0-9a-fA-F\u0660-]{36}", fullmatch=True),
    "date": st.dates().map(str) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    "moment": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat("T", "seconds")),
    "money": st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.integers(-1, 10**13) | st.floats(0, 1e13),
    "amount": st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.integers() | st.floats(),
    "whole": st.integers(-5, 105) | st.floats(-5, 105) | st.just(5.0),
    "cursor": st.from_regex(r"[0-9]{1,18}_[0-9a-fA-F]{32}", fullmatch=True),
    "tool": st.from_regex(r"[a-zA-Z0-9_]{2,65}", fullmatch=True),
    "account_id": st.from_regex(r"\d{11,13}", fullmatch=True),
    "role_arn": st.from_regex(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,130}", fullmatch=True),
    "region": st.from_regex(r"[a-z]{2}-[a-z]+-\d", fullmatch=True),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_published_is_what_is_accepted(kind):
    published = fits(kind)
    pieces = st.sampled_from(["", " ", "\n", "\0", "\u200b", "\uff11", "e", "+", "0"])

    @PROPERTY
    @given(value=WRITTEN[kind] | ANYTHING, before=pieces, behind=pieces)
    def each(value, before, behind):
        for sent in [value, *([f"{before}{value}{behind}"] if isinstance(value, str) else [])]:
            assert (read(kind, sent) is not REFUSED) is published(sent), repr(sent)

    each()


@PROPERTY
@given(address=st.emails())
def test_every_address_of_the_internet_is_one(address):
    kept = read("email", address)
    assert kept is not REFUSED
    assert {read("email", typed) for typed in (kept, address.upper(), f" {address} ")} == {kept}


@PROPERTY
@given(local=st.text(st.characters(categories=["L"]), min_size=1, max_size=20))
def test_an_address_is_the_same_however_it_is_typed(local):
    kept = read("email", f"{local}@bücher.example")
    forms = [unicodedata.normalize(form, f"{local}@Bücher.example") for form in ("NFC", "NFD")]
    assert {read("email", form) for form in [*forms, f"{local}@xn--bcher-kva.example"]} == {kept}
    if kept is not REFUSED:
        assert read("email", kept) == kept


@PROPERTY
@given(value=st.text(max_size=30))
def test_passwords_are_the_same_in_every_form(value):
    assert read("typed password", unicodedata.normalize("NFD", value)) == read("typed password", value)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("short text", "  Zürich \n", "Zürich"),
        ("short text", "👩‍👩‍👧", "👩‍👩‍👧"),
        ("short text", "\u3000\u200b", REFUSED),
        ("password", "e\u0301" * 10, "é" * 10),
        *(
            (kind, "long enough \ud800", REFUSED)
            for kind in ("short text", "text", "password", "typed password", "token")
        ),
        ("email", " Ann@Company.Example", "ann@company.example"),
        ("email", "ÄNN@BÜCHER.example", "änn@bücher.example"),
        ("email", "straße@x.example", "straße@x.example"),
        ("email", "ann@corp.local", "ann@corp.local"),
        ("email", "ann@localhost", REFUSED),
        ("email", "ann@company..example", REFUSED),
        ("email", '"ann b"@company.example', REFUSED),
        ("email", "Ann <ann@company.example>", REFUSED),
        ("email", "ann@company.example\n.other", REFUSED),
        ("id", ID.upper(), ID),
        ("id", f"urn:uuid:{ID}", REFUSED),
        ("id", f"{{{ID}}}", REFUSED),
        ("id", ID.replace("-", ""), REFUSED),
        ("date", 1_700_006_400, REFUSED),
        ("date", "1700006400", REFUSED),
        ("date", "2026-02-30", REFUSED),
        ("date", "2026-01-31T00:00:00", REFUSED),
        ("moment", "2026-01-31T12:00:00", REFUSED),
        ("moment", "1026-01-31T12:00:00Z", REFUSED),
        ("moment", 1_700_006_400, REFUSED),
        ("money", "12.50", Decimal("12.50")),
        ("money", 12, Decimal(12)),
        ("money", 12.5, REFUSED),
        ("money", "0.001", REFUSED),
        ("money", "1e3", REFUSED),
        ("money", "\uff11", REFUSED),
        ("money", True, REFUSED),
        ("amount", 12345678901234.123456, REFUSED),
        ("amount", "12345678901234.123456", Decimal("12345678901234.123456")),
        ("account_id", "\u0661" * 12, REFUSED),
        ("region", "eu-west-\u0661", REFUSED),
        ("role_arn", "arn:aws:iam::123456789012:role/é", REFUSED),
        ("whole", True, REFUSED),
        ("whole", "1", REFUSED),
        ("whole", 1.0, 1),
    ],
)
def test_what_is_kept(kind, value, kept):
    assert read(kind, value) == kept
