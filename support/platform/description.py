"""Reading ``target.toml``: what is wrong with it is said all at once, a line for each fault.

The reader goes by the published schema, ``target.schema.json``, so the two cannot differ.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from support.refusal import Refusal
from support.surroundings import CREDENTIAL, credentials

SCHEMA = Path(__file__).with_name("target.schema.json")


def read(folder: Path) -> dict[str, Any]:
    """What the description in a target's folder says.

    :raises Refusal: it cannot be read, or has faults; a line for each.
    """
    file = folder / "target.toml"
    try:
        written = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Refusal(f"there is no target {folder.name}: {file}: {error.strerror}") from None
    except ValueError as error:
        raise Refusal(f"{file}: {error}") from None
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    errors = sorted(validator.iter_errors(written), key=lambda error: error.json_path)
    faults = [fault for error in errors for fault in _said(error)]
    if faults:
        raise Refusal("\n".join(f"{file}: {fault}" for fault in faults))
    return written


def unset_credentials(folder: Path, written: dict[str, Any]) -> Iterator[str]:
    """The credentials that a description asks for and the environment does not have, a line for each."""
    found = credentials()
    for name in written.get("credentials", ()):
        if (variable := f"{CREDENTIAL}{name.upper()}") not in found:
            yield f"the variable {variable} is not set; {folder / 'target.toml'} asks for it in credentials"


def _said(error: ValidationError) -> Iterator[str]:
    """A fault in words of the file."""
    place = ".".join(str(part) for part in error.absolute_path)
    within = f"{place}." if place else ""
    match error.validator:
        case "required":
            missing = error.message.split("'")[1]
            yield f"lacks the entry '{within}{missing}'"
        case "additionalProperties":
            written: Any = error.instance
            schema: Any = error.schema
            known = schema["properties"]
            for name in sorted(written.keys() - known.keys()):
                yield f"there is no entry {within}{name}; there are {', '.join(known)}"
        case "oneOf":
            yield "says where the platform runs (addresses), or what starts it (platform): one of the two"
        case "anyOf":
            yield from _wrong_capabilities(error)
        case _:
            yield f"{place}: {error.message}"


def _wrong_capabilities(error: ValidationError) -> Iterator[str]:
    listed = [each for each in error.context or () if each.validator == "enum"]
    for each in listed:
        names: Any = each.validator_value
        yield f"there is no capability {each.instance}; there are {', '.join(names)}"
    if not listed:
        yield 'capabilities: give "all", or a list in which each stands once'


def missing_files(folder: Path, written: dict[str, Any]) -> Iterator[str]:
    """The files that a description names and that are not there, a line for each."""
    for entry in ("endpoints", "ca"):
        if isinstance(name := written.get(entry), str) and not (folder / name).is_file():
            yield f"{folder / 'target.toml'}: {entry}: there is no file {folder / name}"
