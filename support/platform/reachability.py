"""Whether a platform that already runs can be judged, seen before the first scenario."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import requests

from support.platform import description
from support.platform.driver import straight
from support.platform.target import FOLDER, Target
from support.refusal import Refusal

_SECONDS = 5.0


def refuse_faulty(name: str) -> None:
    """Look at everything that can be known of a target before a stack starts for it.

    :raises Refusal: its description has faults, a credential is not set, or an address does not answer; a line for
        each fault.
    """
    Target.load(name)
    folder = FOLDER / name
    written = description.read(folder)
    faults = [*description.missing_files(folder, written), *description.unset_credentials(folder, written)]
    # Without the certificates nothing can be reached.
    faults += _unreachable(folder, written) if not any(": ca: " in fault for fault in faults) else ()
    if faults:
        raise Refusal("\n".join(faults))


def _unreachable(folder: Path, written: dict[str, Any]) -> Iterator[str]:
    addresses = written.get("addresses", {})
    trusted = str(folder / written["ca"]) if "ca" in written else ""
    if trusted:
        try:
            ssl.create_default_context(cafile=trusted)
        except ssl.SSLError:
            yield f"{folder / 'target.toml'}: ca: {trusted} has no certificates (PEM)"
            return
    with ThreadPoolExecutor(max(1, len(addresses))) as together:
        found = together.map(lambda name: list(_fault(name, addresses[name], trusted)), addresses)
        yield from (f"{folder / 'target.toml'}: {fault}" for fault in chain.from_iterable(found))


def _fault(name: str, url: str, trusted: str) -> Iterator[str]:
    """Any answer will do: whether it is the right one is for the scenarios to say."""
    try:
        with straight() as session:
            session.get(url, timeout=_SECONDS, verify=trusted or True, allow_redirects=False, stream=True)
    except requests.exceptions.SSLError as error:
        why = "" if trusted else "; a private authority's certificates go into the entry ca"
        yield f"addresses.{name}: the certificate of {url} is not accepted ({_cause(error)}){why}"
    except requests.RequestException as error:
        yield f"addresses.{name}: {url} does not answer ({_cause(error)})"


def _cause(error: BaseException) -> str:
    """What lies at the bottom of an error that libraries have wrapped, in a few words."""
    while True:
        inner = getattr(error, "reason", None) or next(
            (each for each in error.args if isinstance(each, Exception)), None
        )
        if not isinstance(inner, Exception):
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()).rpartition("] ")[2][:120] or type(error).__name__
