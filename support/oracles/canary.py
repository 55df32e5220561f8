"""The leak canary: each tenant's data carries a marker that must appear in nobody else's.

Pure judgement; what was written where is looked up by :mod:`support.stores.observers`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MARKER = re.compile(r"canary-[0-9a-f]{12}")


class Leak(AssertionError):
    """A tenant's marker stood where it does not belong."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Markers seen in one place. ``tenant_id``: whose place it is; None: nobody's."""

    where: str
    tenant_id: str | None
    markers: frozenset[str]


def tenant_of(id: str | None, everybody: Mapping[str, str]) -> str | None:
    """The tenant with that id, or that of the user with it; None: nobody known.

    :param everybody: user id -> tenant id.
    """
    return everybody.get(id or "", id)


def markers_in(text: str) -> frozenset[str]:
    """The markers that a text holds."""
    return frozenset(MARKER.findall(text)) if "canary-" in text else frozenset()


def leaks(sightings: Iterable[Sighting], owners: Mapping[str, str]) -> list[str]:
    """Every marker that was seen outside its tenant's own places, one line each.

    :param owners: marker -> tenant id, of all tenants of this run.

    A marker that no tenant of this run owns (of an earlier run on a kept stack) is a leak only in a place of one
    that does. A place that is nobody's is no place for any tenant's marker.
    """
    known_tenants = set(owners.values())
    found = []
    for sighting in sightings:
        for marker in sorted(sighting.markers):
            owner = owners.get(marker)
            if owner == sighting.tenant_id and owner is not None:
                continue
            if owner is None and sighting.tenant_id not in known_tenants:
                continue
            place = "a place of no tenant" if sighting.tenant_id is None else f"a place of tenant {sighting.tenant_id}"
            found.append(f"{marker} of {owner or 'an earlier run'} stands in {sighting.where}, {place}")
    return found


def unseen(expected: Iterable[str], sightings: Iterable[Sighting], owners: Mapping[str, str]) -> list[str]:
    """The positive control: markers that must have been seen in their own tenant's place, and were not."""
    seen = {(marker, sighting.tenant_id) for sighting in sightings for marker in sighting.markers}
    return sorted(marker for marker in expected if (marker, owners.get(marker)) not in seen)
