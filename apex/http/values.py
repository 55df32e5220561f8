"""The kinds of values that a request may hold: each is defined here, once, and is the same at every endpoint.

What is published of a kind is what is accepted: who keeps to the schema is not refused, and what the schema refuses is
refused. So nothing is guessed (a number is no date, ``true`` is no 1) and patterns name their characters one by one:
``\\d``, ``\\w`` and ``\\s`` mean something else in every language that reads them.

A text that is written in several ways is kept in one: ids in lower case, addresses and passwords in NFC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import email_validator
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from apex.storage.storable import storable


class Request(BaseModel):
    """What a caller sends; unknown members are refused, and so is what is not of its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Pattern:
    """What a text looks like, as it is published; ``told`` is for who sends another."""

    pattern: str
    told: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = re.compile(self.pattern)

        def checked(value: str | SecretStr) -> str | SecretStr:
            text = value.get_secret_value() if isinstance(value, SecretStr) else value
            # pydantic looks for half surrogate pairs in all texts but secret ones.
            if known.fullmatch(text) and not re.search("[\ud800-\udfff]", text):
                return value
            raise _refused(self.told)

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


def _refused(told: str) -> PydanticCustomError:
    return PydanticCustomError("not_of_its_kind", told)


# -- texts ------------------------------------------------------------------------------------------------------------

# Whatever any language counts as white space, what controls, and what has no width.
_UNSEEN = (
    r"\x00-\x20\x7f-\xa0\xad\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff"
)

STORABLE = Pattern(r"[^\x00]*", "Should hold no zero character")
"""PostgreSQL keeps no zero character."""

ShortText = Annotated[
    str,
    Field(min_length=1, max_length=200),
    Pattern(rf"[^\x00]*[^{_UNSEEN}][^\x00]*", "Should hold something that can be seen, and no zero character"),
    AfterValidator(str.strip),
]
"""A name or title, kept without white space around it."""


def _nfc(secret: SecretStr) -> SecretStr:
    return SecretStr(unicodedata.normalize("NFC", secret.get_secret_value()))


Secret = Annotated[SecretStr, Field(max_length=200), STORABLE]
"""A token of ours."""
TypedPassword = Annotated[Secret, AfterValidator(_nfc)]
"""A password as somebody types it: keyboards write the same letter in several ways (RFC 8265)."""
Password = Annotated[SecretStr, Field(min_length=10, max_length=200), STORABLE, AfterValidator(_nfc)]
"""A new password."""


# Names with a meaning of their own (.local, .test) are names of a company's network, too.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def _address(value: str) -> str:
    try:
        # Whether mail arrives is not for us to find out.
        found = validate_email(value.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        found = None
    if found is None or "." not in found.domain:
        raise _refused("Should be an e-mail address such as ann@company.example")
    return unicodedata.normalize("NFC", found.normalized.lower())


Email = Annotated[
    str,
    Field(max_length=254),
    AfterValidator(_address),
    WithJsonSchema(
        {
            "type": "string",
            "format": "idn-email",
            "maxLength": 254,
            "description": (
                "An address (RFC 6531) without comments, quotes and IP addresses. It is kept, shown and compared in "
                "lower case and Unicode's NFC, the domain in its own letters (not in Punycode): however it is typed, "
                "it is the same account."
            ),
        }
    ),
]
"""An e-mail address, in the form in which it is stored and compared (see its published description)."""


# -- what is read from a text -----------------------------------------------------------------------------------------


def _written(pattern: str, read: Callable[[str], Any], told: str) -> BeforeValidator:
    """Takes texts that keep to the pattern and can be read, and what has been read already."""
    known = re.compile(pattern)

    def parse(value: Any) -> Any:
        if isinstance(value, date):
            return value
        try:
            if isinstance(value, str) and known.fullmatch(value):
                return read(value)
        except ValueError:
            pass
        raise _refused(told)

    return BeforeValidator(parse)


_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

Id = Annotated[
    str,
    _written(_UUID, str.lower, "Should be a UUID: 32 hexadecimal digits in five groups with hyphens between them"),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
"""An id of ours, as it is stored."""

Date = Annotated[
    date,
    _written(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat, "Should be a date such as 2026-01-31"),
    WithJsonSchema({"type": "string", "format": "date"}),
]


def _utc(value: str) -> datetime:
    return datetime.fromisoformat(value.upper()).astimezone(UTC)


Moment = Annotated[
    datetime,
    _written(
        r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
        _utc,
        "Should be a date and time with its offset from UTC, such as 2026-01-31T12:00:00Z",
    ),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^2[01][0-9]{2}-"}),
]
"""A moment (RFC 3339) of our times, which every store can keep; read into UTC."""


def id_of(written: str) -> str | None:
    """The id that is written there, as it is stored; None when it cannot be one."""
    return written.lower() if re.fullmatch(_UUID, written) else None


# -- numbers ----------------------------------------------------------------------------------------------------------


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


AsWhole = BeforeValidator(_whole)
"""In a body 1.0 is a whole number, too. Stands behind the bounds."""


def _digits(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise _refused("Should be a whole number")
    return int(value)


AsDigits = BeforeValidator(_digits)
"""In an address a whole number is digits and nothing else. Stands behind the bounds."""


def _decimal(pattern: str, longest: int, least: int, most: int, kind: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Reads decimals from text, because as a JSON number one that is not whole may have lost digits on its way."""
    known = re.compile(pattern)
    told = f'{kind}, written as text such as "12.50"; a whole one may be a number'

    def parse(value: Any) -> Any:
        value = _whole(value)
        written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(written, str) and known.fullmatch(written):
            return Decimal(written)
        raise _refused(f"Should be {told}")

    choices = [
        {"type": "integer", "minimum": least, "maximum": most},
        {"type": "string", "pattern": f"^{pattern}$", "maxLength": longest},
    ]
    return BeforeValidator(parse), WithJsonSchema({"anyOf": choices, "description": f"{told[0].upper()}{told[1:]}."})


_READ_MONEY, _MONEY_SCHEMA = _decimal(
    r"([1-9][0-9]{0,11}(\.[0-9]{1,2})?|0\.(0[1-9]|[1-9][0-9]?))",
    longest=15,
    least=1,
    most=10**12 - 1,
    kind="an amount above 0 with at most 12 digits before the point and 2 behind it",
)
Money = Annotated[Decimal, _READ_MONEY, _MONEY_SCHEMA]
"""Something to pay, in US dollars."""

_READ_AMOUNT, _AMOUNT_SCHEMA = _decimal(
    r"-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,6})?",
    longest=22,
    least=1 - 10**14,
    most=10**14 - 1,
    kind="an amount with at most 14 digits before the point and 6 behind it",
)
Amount = Annotated[Decimal, _READ_AMOUNT, _AMOUNT_SCHEMA]
"""What was used or what it cost; less than nothing where something was given back."""


# -- objects of any content -------------------------------------------------------------------------------------------

JsonObject = Annotated[dict[str, Any], Field(max_length=1_000), AfterValidator(storable)]
"""An object of any content that can be kept as it is."""
