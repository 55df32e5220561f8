"""The files of the project: what is committed, or would be."""

import subprocess

from support.settings import CHECKOUT


def files() -> list[str]:
    """Their paths in the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return sorted(path for path in set(listed.split("\0")) if path and (CHECKOUT / path).is_file())


def text_of(path: str) -> str | None:
    """A file's text; None when it is not text."""
    try:
        return (CHECKOUT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
