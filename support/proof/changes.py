"""What git says has changed, and compared with what."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.refusal import Refusal
from support.surroundings import base_environment

MAIN = ("main", "origin/main")
"""Where the change is to go, as clones name it; the first that there is."""

_HINT = "name what to compare with: bin/prove --changed --since REF"


@dataclass(frozen=True, slots=True)
class Changes:
    """The files that differ, uncommitted ones included, and what they were compared with, in words."""

    compared_with: str
    paths: Sequence[str]


def changes(checkout: Path, since: str | None = None) -> Changes | None:
    """What differs from where HEAD left `since` (by default the main branch; on its tip: from the commit before).

    None when there is nothing to compare with, because HEAD is the first commit: then everything counts as changed.

    :raises Refusal: it cannot be known: no git, no repository, a clone without main or without the commits between.
    """
    _ask(checkout, "rev-parse", "--is-inside-work-tree")
    head = _ask(checkout, "rev-parse", "--verify", "HEAD^{commit}")
    base, compared_with = _base(checkout, head, since)
    if base is None:
        return None
    committed = _ask(checkout, "diff", "--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z", base)
    unknown = _ask(checkout, "ls-files", "--others", "--exclude-standard", "-z")
    return Changes(compared_with, sorted({*committed.split("\0"), *unknown.split("\0")} - {""}))


def _base(checkout: Path, head: str, since: str | None) -> tuple[str | None, str]:
    """The commit to compare with, and how to call it."""
    name = since or next((name for name in MAIN if _commit(checkout, name)), None)
    if name is None:
        raise Refusal(
            "this clone cannot tell what has changed: it has no main branch; "
            f"git fetch origin main:refs/remotes/origin/main, or {_HINT}"
        )
    if _commit(checkout, name) is None:
        raise Refusal(f"there is no commit {name!r} in this clone")
    base = _found(checkout, "merge-base", "HEAD", name)
    is_shallow = _ask(checkout, "rev-parse", "--is-shallow-repository") == "true"
    if base is None:
        why = "this clone is shallow: git fetch --unshallow" if is_shallow else _HINT
        raise Refusal(f"HEAD and {name} have no commit in common here; {why}")
    if base != head or since is not None:
        return base, f"{base[:12]}, where HEAD and {name} meet"
    before = _commit(checkout, "HEAD~")
    if before is None and is_shallow:
        raise Refusal("the commit before HEAD is missing, since this clone is shallow: git fetch --deepen=1")
    return before, f"{(before or '')[:12]}, the commit before, as HEAD is on {name}"


def _commit(checkout: Path, name: str) -> str | None:
    return _found(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _found(checkout: Path, *arguments: str) -> str | None:
    done = _git(checkout, *arguments)
    return None if done.returncode else done.stdout.strip()


def _ask(checkout: Path, *arguments: str) -> str:
    done = _git(checkout, *arguments)
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"git {arguments[0]} failed"
        raise Refusal(f"what has changed cannot be known in {checkout}: {said}")
    return done.stdout.strip("\n")


def _git(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Who runs what is in the checkout trusts it, whoever owns it (CI systems mount clones of another user).
    command = ["git", "-c", "safe.directory=*", "-C", str(checkout), *arguments]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            env=base_environment(),
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise Refusal(f"what has changed cannot be known: git cannot be called ({error.strerror})") from None
