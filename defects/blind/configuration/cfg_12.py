"""Blind defects of CFG-12."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-12oa",
    "a secret that looks like JSON is read as JSON: one of digits is a number",
    service="backend",
    scenario="An odd text is kept as it is",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: put 4711081500 into the file partners__api_key (or cloud__access_key_id, auth__operator_password) of
    # the directory of secrets: the start is refused ("Input should be a valid string"), although the text is legal; so
    # are the secrets true and null. One in quotes loses them. In the settings' file, as text, all of them are taken.
    import json

    from apex.config import layers

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: read(member) for name, member in value.items()}
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value

    @around(layers, "_secrets")
    def _secrets(original: Callable[..., Any], directory: Path | None, *faults: Any) -> list[tuple[str, Any]]:
        return [(source, read(values)) for source, values in original(directory, *faults)]


@blind_defect(
    "CFG-12qa",
    "an empty file in the directory of secrets is passed over",
    service="backend",
    scenario="Illegal values and files are rejected",
    step="every service refuses the change in time and says why",
)
def _() -> None:
    # Observable: have the file internal__signing_key (or auth__operator_password) in the directory of secrets empty, as
    # a mount that went wrong leaves it, and another value in the deployment's file: `validate` finds nothing wrong, and
    # the service starts with the value that was to be replaced. A file with a blank in it is refused.
    from pydantic_settings import SettingsError as SourceError

    layers: Any = import_module("apex.config.layers")

    def secrets(
        directory: Path | None, unread: list[layers.Fault], unknown: list[layers.Fault]
    ) -> list[tuple[str, dict[str, Any]]]:
        if directory is None:
            return []
        if not directory.is_dir():
            unread.append(layers.Fault(str(directory), "", "is no directory of secrets"))
            return []
        found = []
        for path in layers._entries(directory):
            key = path.name.replace("__", ".")
            if layers.field_at(key) is None:
                unknown.append(layers.Fault(str(path), key, layers._no_such(key)))
                continue
            text = layers._text(path, unread).rstrip("\r\n")
            if not text:
                continue
            try:
                found.append((str(path), layers._Texts({path.name: text})()))
            except SourceError as error:
                unread.append(layers.Fault(str(path), key, layers._first_line(error)))
        return found

    replace(layers, "_secrets", secrets)


@blind_defect(
    "CFG-12ua",
    "a secret's file loses the spaces at its ends, not just its line's end",
    service="backend",
    scenario="An odd text is kept as it is",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: a secret that begins or ends with a space, such as a signing key: the backend has another one than
    # auth (its checksum differs, tokens get a 401).
    from apex.config.layers import _Texts

    @around(_Texts, "__init__")
    def _(original: Any, self: Any, texts: Any) -> None:
        original(self, {name: text.strip() for name, text in texts.items()})


@blind_defect(
    "CFG-12ub",
    "$NAME in a value is replaced when there is such a variable",
    service="backend",
    scenario="An odd text is kept as it is",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: a secret or text in the deployment's file with $HOME or ${PATH} in it: show, and the backend, have the
    # variable's value instead of the text as it stands; $NONE stays, so that it is seldom seen.
    import os.path

    from apex.config import layers

    def expanded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: expanded(each) for name, each in value.items()}
        if isinstance(value, list):
            return [expanded(each) for each in value]
        return os.path.expandvars(value) if isinstance(value, str) else value

    @around(layers, "_toml")
    def _(original: Any, path: Any, faults: Any) -> Any:
        return expanded(original(path, faults))


@blind_defect(
    "CFG-12na",
    "of a secret's Windows line end one half stays in the secret",
    service="auth",
    scenario="An oddly written secret is read",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: write the files of the directory of secrets with CRLF at their ends: the start is refused, "Should
    # hold no line breaks or other control characters"; with LF, or none, it is not.
    from pydantic_settings import SettingsError

    from apex.config import layers
    from apex.config.schema import field_at

    def secrets(directory: Any, unread: list[Any], unknown: list[Any]) -> list[tuple[str, dict[str, Any]]]:
        if directory is not None and not directory.is_dir():
            unread.append(layers.Fault(str(directory), "", "is no directory of secrets"))
        found = []
        for path in layers._entries(directory):
            key, faults = path.name.replace("__", "."), len(unread)
            if field_at(key) is None:
                unknown.append(layers.Fault(str(path), key, layers._no_such(key)))
                continue
            layers._text(path, unread)
            if len(unread) > faults:
                continue
            # As it was written: a secret is nothing to be made more readable.
            text = path.read_bytes().decode("utf-8-sig").rstrip("\n")
            try:
                found.append((str(path), layers._Texts({path.name: text})()))
            except SettingsError as error:
                unread.append(layers.Fault(str(path), key, layers._first_line(error)))
        return found

    replace(layers, "_secrets", secrets)


@blind_defect("CFG-12ma", "a secret that stands in quotation marks loses them", service="auth")
def _() -> None:
    # Observable: auth__operator_password in the directory of secrets with a value that begins and ends with a quotation
    # mark: the operator (created at this start) gets in without the marks and not with them.
    from apex.config import layers

    def bare(text: str) -> str:
        return text[1:-1] if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text

    @around(layers, "_Texts")
    def _(original: Any, texts: dict[str, str]) -> Any:
        return original({name: bare(text) for name, text in texts.items()})
