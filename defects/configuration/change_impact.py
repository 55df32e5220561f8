"""Seeded defects of the impact report (CFG-11)."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from defects import Scenario
from defects._patching import around

SAYS = "the report says that <services> <take it>"
HAPPENS = "exactly this happens when the candidate is deployed"

one = Scenario("A changed setting has the reported impact", service="backend")
none = Scenario("A candidate without changes has no impact", service="backend")
every = Scenario("The report covers every change of a candidate", service="backend")


@one.defect("CFG-11a", "that analytics knows the issuer of tokens is missing from the report", step=SAYS)
def _() -> None:
    from apex.config import effects

    known = effects._EFFECTS["auth.issuer"]
    effects._EFFECTS["auth.issuer"] = changed(known, services=("auth", "backend"))


@one.defect("CFG-11b", "a change that needs a restart is reported as one that does not", step=SAYS)
def _() -> None:
    from apex.config import effects

    known = effects._EFFECTS["tools.threads"]
    effects._EFFECTS["tools.threads"] = changed(known, how="reload")


@one.defect("CFG-11c", "a service wants to be restarted for what it does not use", step=HAPPENS, service="worker")
def _() -> None:
    from apex.config import live

    @around(live, "effect_of")
    def _(original: Any, key: str) -> Any:
        effect = original(key)
        return changed(effect, services=(*effect.services, "worker"))


@one.defect("CFG-11d", "a service takes over what it said to need a restart for", step=HAPPENS, service="tools")
def _() -> None:
    from apex.config import live

    around(live, "effect_of")(lambda original, key: changed(original(key), how="reload"))


@none.defect("CFG-11e", "limits that are equal count as changed", step="the report names no change")
def _() -> None:
    from apex.config import command

    @around(command, "flat")
    def _(original: Any, settings: Any) -> Any:
        values = dict(original(settings))
        values["rate_limits.free.burst"] = object()
        return values.items()


@every.defect(
    "CFG-11f",
    "changes of lists are missing from the report",
    step="the report names each change and every service to be restarted",
)
def _() -> None:
    from apex.config import command

    @around(command, "flat")
    def _(original: Any, settings: Any) -> Any:
        return ((key, value) for key, value in original(settings) if not isinstance(value, list))


@every.defect(
    "CFG-11g", "the report shows old and new values, whatever they are", step="no secret is shown in the report"
)
def _() -> None:
    from apex.config import command
    from apex.config.layers import flat

    @around(command, "_impact")
    def _(original: Any, given: Any, current: Any, candidate: Any) -> None:
        shown = dict(flat(candidate.settings))
        around(command, "_print_json")(
            lambda print_json, value: print_json(
                {**value, "changes": [{**row, "to": shown[row["key"]]} for row in value["changes"]]}
            )
        )
        original(given, current, candidate)
