"""A platform that already runs: what the run cannot do with it, because it started nothing of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from support.platform.capabilities import Capability

_NOT_STARTED = "the run did not start it"
_OFF = {
    Capability.OWN_SERVICES: _NOT_STARTED,
    Capability.OWN_STORES: _NOT_STARTED,
    Capability.SEPARATE_WORKERS: _NOT_STARTED,
    Capability.OWN_DATABASE: _NOT_STARTED,
    Capability.OWN_RECORDS: _NOT_STARTED,
    Capability.KNOWN_WRITES: _NOT_STARTED,
    Capability.ROW_SECURITY: _NOT_STARTED,
    Capability.JOB_RECORDS: _NOT_STARTED,
    Capability.CONFIGURATION: _NOT_STARTED,
    Capability.HOT_RELOAD: _NOT_STARTED,
}


def out_of_reach(written: Mapping[str, Any]) -> Mapping[Capability, str]:
    """The capabilities that are off for what a target's description says, whatever its list has, each with why."""
    if "addresses" not in written:
        return {}
    off = dict(_OFF)
    serves: Iterable[str] = written.get("serves", {})
    if "partner" not in serves:
        off[Capability.PARTNER] = "serves.partner is not set in its target.toml"
    if not {"partner", "cloud"} <= set(serves):
        off[Capability.CLOUD_ACCOUNTS] = "serves.cloud and serves.partner are not set in its target.toml"
    if not {"operator_email", "operator_password"} <= set(written.get("credentials", ())):
        off[Capability.OPERATOR] = "its target.toml asks for no credentials operator_email and operator_password"
    return off
