"""Seeded defects of database settings that do not fit their environment (CFG-06)."""

from __future__ import annotations

from defects import Scenario
from defects._patching import around, replace

REFUSED = "the start is refused with every fault, its place, its key and the reason"

unfit = Scenario("Unfit database settings are refused", service="backend")
fit = Scenario("Fit database settings are accepted", service="backend")


@unfit.defect("CFG-06a", "a database that is given as an address is not looked at", step=REFUSED)
def _() -> None:
    from apex.config import rules

    around(rules, "_of_transport")(
        lambda original, settings: ((key, why) for key, why in original(settings) if "database" not in key)
    )


@unfit.defect("CFG-06b", "of known passwords only those of signing keys are refused", step=REFUSED, service="analytics")
def _() -> None:
    from apex.config import rules

    around(rules, "_of_secrets")(
        lambda original, settings: ((key, why) for key, why in original(settings) if "signing" in key)
    )


@unfit.defect("CFG-06c", "that a line is encrypted is enough, whoever is at its end", step=REFUSED, service="tools")
def _() -> None:
    from apex.config import rules

    replace(rules, "_VERIFIED", ("require", "verify-ca", "verify-full"))


@fit.defect("CFG-06d", "no address of a database is good enough for production", step="the configuration is valid")
def _() -> None:
    from apex.config import rules

    replace(rules, "_VERIFIED", ())
