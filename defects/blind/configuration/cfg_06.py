"""Blind defects of CFG-06."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-06ra",
    "what is asked of a database's address is not asked of its owner's",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in production (or staging) give database.owner_url without sslmode=verify-full, or with a password of
    # the development environment, and all else as it must be: the start is not refused. With database.url it is.
    from apex.config import rules
    from apex.settings import Settings

    def only_of_services(original: Callable[[Settings], Iterator[tuple[str, str]]], settings: Settings) -> Any:
        return ((key, reason) for key, reason in original(settings) if key != "database.owner_url")

    for name in ("_of_transport", "_of_secrets"):
        around(rules, name)(only_of_services)


@blind_defect(
    "CFG-06ua",
    "staging counts as an environment in which nothing is real",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in staging a database without TLS, or with the credentials of development, is taken; production
    # refuses it.
    from apex.config import rules

    replace(rules, "_SHELTERED", (*rules._SHELTERED, "staging"))


@blind_defect(
    "CFG-06ub",
    "only database.url is looked at, database.owner_url is not",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in production an owner_url without TLS, or with a password that everybody knows, is taken as long as
    # url is in order.
    from apex.config import rules

    def looking_away(name: str) -> None:
        @around(rules, name)
        def _(original: Any, settings: Any) -> Any:
            return (broken for broken in original(settings) if broken[0] != "database.owner_url")

    looking_away("_of_transport")
    looking_away("_of_secrets")


@blind_defect(
    "CFG-06na",
    "a database password that everybody knows passes when it is percent-encoded",
    service="tools",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in staging or production, database.url with the password "p%61ssword", or the database in parts with
    # the published secret "development: everybody may know this key": the start is not refused for it.
    from apex.config import rules

    def as_written(text: str) -> str:
        return text

    replace(rules, "unquote", as_written)
