"""The caller's paths: what they give is taken from the folder that they are in, and shown so that it works there."""

import os
from pathlib import Path
from typing import Any

from support.settings import CHECKOUT


def given(text: str, called_from: Path) -> str:
    """A path that a caller in `called_from` gave, as the run has it, which is in the checkout; `@list` as well."""
    at = "@" if text.startswith("@") else ""
    return at + os.path.relpath(os.path.realpath(called_from / text.removeprefix("@")), CHECKOUT)


def from_checkout(path: Path) -> str:
    """A path for who is in the checkout, as commands in reports are meant to be run."""
    full = os.path.abspath(path)
    relative = os.path.relpath(full, CHECKOUT)
    return full if relative.startswith("..") else relative


def shown(path: str | Path, config: Any) -> str:
    """A path of the run for whoever called it: relative where it lies below their folder, else in full.

    behave's `config` knows the folder, unless plain behave was called, which is in it.
    """
    full = os.path.abspath(path)
    relative = os.path.relpath(full, getattr(config, "called_from", Path.cwd()))
    return full if relative.startswith("..") else relative
