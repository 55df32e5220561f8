"""Seeded defects of the validation of candidates (CFG-08)."""

from __future__ import annotations

from itertools import islice
from typing import Any

from defects import Scenario
from defects._patching import around, replace

NAMED = "the report names every fault with its place, its key and the reason"

every = Scenario("Every fault of a candidate is reported at once", service="backend")
valid = Scenario("A valid candidate is confirmed with its checksum", service="backend")
contradicting = Scenario("A candidate that contradicts itself is rejected", service="backend")
unreadable = Scenario("A candidate that cannot be read is rejected", service="backend")
hidden = Scenario("No configuration command shows a secret", service="backend")


@every.defect("CFG-08a", "the validation stops at the first fault", step=NAMED)
def _() -> None:
    from apex.config import layers

    around(layers, "_faults_of")(lambda original, *of: islice(original(*of), 1))


@every.defect("CFG-08b", "a fault in a secret is told as one of the deployment's file", step=NAMED)
def _() -> None:
    from apex.config import layers

    replace(layers, "_source", lambda key, sources, files: str(files.deployment))


@every.defect(
    "CFG-08c",
    "what is validated is deployed at once",
    step="the deployed configuration is unchanged",
)
def _() -> None:
    from apex.config import command

    @around(command, "_refuse")
    def _(original: Any, given: Any, error: Any) -> Any:
        deployed = given.config.parents[1] / "apex" / given.config.name
        deployed.write_text(deployed.read_text("utf-8").replace("acceptance", "validated"), "utf-8")
        return original(given, error)


@valid.defect(
    "CFG-08d",
    "the checksum of a candidate does not cover its lists and limits",
    step="every service reports the validated checksum once the candidate is deployed",
)
def _() -> None:
    from apex.config import command

    @around(command, "_checksum")
    def _(original: Any, loaded: Any) -> Any:
        loaded.settings.rate_limits = type(loaded.settings.rate_limits)()
        return original(loaded)


@valid.defect(
    "CFG-08e", "of a valid candidate the exit code is that of a faulty one", step="the configuration is valid"
)
def _() -> None:
    from apex.config import command

    around(command, "_validate")(lambda original, *of: original(*of) or command.FAULTY)


@contradicting.defect("CFG-08f", "that two keys have the same id is no fault", step=NAMED)
def _() -> None:
    from apex.config import rules

    around(rules, "_of_tokens")(
        lambda original, settings: ((key, why) for key, why in original(settings) if "same id" not in why)
    )


@unreadable.defect("CFG-08g", "a file that may not be read counts as an empty one", step=NAMED)
def _() -> None:
    from apex.config import layers

    @around(layers, "_text")
    def _(original: Any, path: Any, faults: Any) -> str:
        found: list[Any] = []
        text: str = original(path, found)
        faults += [fault for fault in found if "Permission" not in fault.reason]
        return text


@hidden.defect(
    "CFG-08h",
    "what was found is shown of secrets within addresses, too",
    step="no command shows any part of a secret",
)
def _() -> None:
    from apex.config import layers

    around(layers, "holds_secrets")(lambda original, key: original(key) and not key.endswith("url"))


@hidden.defect(
    "CFG-08i",
    "a secret that is not of the configuration's first level is shown",
    step="no command shows any part of a secret",
)
def _() -> None:
    from apex.config import command

    around(command, "holds_secrets")(lambda original, key: original(key) and not key.startswith("cloud."))
