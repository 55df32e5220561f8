"""Looking keys up in the schema of the settings: ``worker.slots`` is a field, ``worker`` a section."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from apex.settings import Database, DatabaseParts, Settings


def field_at(key: str) -> FieldInfo | None:
    """The field that a key names; None where there is none. Numbers stand for the entries of a list."""
    model: Any = Settings
    field: FieldInfo | None = None
    for name in key.split("."):
        if name.isdigit() and field is not None:
            continue
        fields = _fields(model)
        if name not in fields:
            return None
        field = fields[name]
        model = next(models(field.annotation), None)
    return field


def known_names(section: str) -> list[str]:
    """The keys of a section; "" for the sections themselves."""
    field = field_at(section) if section else None
    return list(_fields(next(models(field.annotation), None) if field else Settings))


def holds_secrets(key: str) -> bool:
    """Whether what stands there is, or contains, a secret; so may a key that there is not: a mistyped one."""
    field = field_at(key)
    return field is None or any(each is SecretStr for each in _types(field.annotation))


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that may stand there."""
    return (each for each in _parts(annotation) if isinstance(each, type) and issubclass(each, BaseModel))


def _fields(model: Any) -> dict[str, FieldInfo]:
    if model is None:
        return {}
    fields: dict[str, FieldInfo] = model.model_fields
    return fields | DatabaseParts.model_fields if model is Database else fields


def _parts(annotation: Any) -> Iterator[Any]:
    """The types of which a type is made."""
    if get_origin(annotation) in (Union, UnionType, Annotated, list):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _types(annotation: Any) -> Iterator[Any]:
    for part in _parts(annotation):
        yield part
        if isinstance(part, type) and issubclass(part, BaseModel):
            for field in _fields(part).values():
                yield from _types(field.annotation)
