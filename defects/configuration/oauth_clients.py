"""Seeded defects of partners' applications (CFG-05)."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from defects import Scenario
from defects._patching import around, replace

acts = Scenario("A partner's application acts for the customer who authorised it", service="auth")
exact = Scenario("A code is sent to an exactly registered address only", service="auth")
bound = Scenario("A code is good only for the application that asked for it", service="auth")
foreign = Scenario("An application of another environment is unknown", service="auth")
unsafe = Scenario("Unsafe addresses are rejected in production", service="backend")


class _Prefixes(list[str]):
    def __contains__(self, address: object) -> bool:
        return any(str(address).startswith(known) for known in self)


class _Anything(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@exact.defect(
    "CFG-05a",
    "an address that begins like a registered one is taken for it",
    step="the request is refused because of the address",
)
def _() -> None:
    from apex.auth.oauth import Applications

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        return client and client.model_copy(update={"redirect_uris": _Prefixes(client.redirect_uris)})


@exact.defect(
    "CFG-05b",
    "an address with a query gets its code as a second query",
    step="the request succeeds at the registered address",
)
def _() -> None:
    from apex.auth import oauth

    replace(oauth, "urlsplit", lambda address: SimpleNamespace(query=""))


@acts.defect("CFG-05c", "a code can be exchanged again", step="a second exchange of the code is refused")
def _() -> None:
    from apex.auth.oauth import Applications

    @around(Applications, "__init__")
    def _(original: Any, self: Any, settings: Any, database: Any, sessions: Any, store: Any) -> None:
        original(self, settings, database, sessions, SimpleNamespace(set=store.set, getdel=store.get))


@acts.defect("CFG-05d", "an application's session is nobody's", step="the application acts as Acme")
def _() -> None:
    from apex.auth.oauth import Applications

    @around(Applications, "_login")
    def _(original: Any, self: Any, granted: Any) -> Any:
        login = original(self, granted)
        login.user_id = uuid.uuid4()
        return login


@bound.defect(
    "CFG-05e",
    "whoever has a code need not have asked for it",
    step="the exchange is refused with an authentication error",
)
def _() -> None:
    from apex.auth import oauth

    replace(oauth, "_challenge", lambda verifier: _Anything("any"))


@foreign.defect(
    "CFG-05f",
    "an application that is not known passes for the first one",
    step="each environment refuses the other environment's application",
)
def _() -> None:
    from apex.auth.oauth import Applications

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        return original(self, client_id) or self._settings.auth.oauth_clients[0]


@unsafe.defect(
    "CFG-05g",
    "an address may have a wildcard",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    from apex.config import rules

    around(rules, "_of_applications")(
        lambda original, settings: ((key, why) for key, why in original(settings) if "wildcard" not in why)
    )
