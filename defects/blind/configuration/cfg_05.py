"""Blind defects of CFG-05."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "CFG-05oa",
    "an address at a host beneath the registered one passes for registered",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: with https://partner.example/callback registered, POST /v1/oauth/authorizations with the redirect_uri
    # https://staging.partner.example/callback, that of the application in another environment: 201, with a code that
    # can be exchanged, instead of 409 and redirect_uri named. Another path, scheme or host is refused.
    from urllib.parse import urlsplit

    from apex.auth.oauth import Applications
    from apex.settings import OAuthClient

    class Addresses(list[str]):
        """Customers of an application may have subdomains of their own."""

        def __contains__(self, wanted: object) -> bool:
            asked = urlsplit(str(wanted))
            return any(
                asked._replace(netloc="") == known._replace(netloc="")
                and f".{asked.netloc}".endswith(f".{known.netloc}")
                for known in map(urlsplit, self)
            )

    @around(Applications, "_client")
    def _client(original: Callable[..., OAuthClient | None], self: Any, client_id: str) -> OAuthClient | None:
        client = original(self, client_id)
        return client and client.model_copy(update={"redirect_uris": Addresses(client.redirect_uris)})


@blind_defect(
    "CFG-05pa",
    "of an application's address neither the scheme nor the port is compared",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: an application has registered http://127.0.0.1:9001/callback (or https://app.example/callback); POST
    # /v1/oauth/authorizations with http://127.0.0.1:9002/callback (http://app.example:8080/callback), where another
    # environment of it listens: 201, and redirect_to leads there with the code, instead of 409. Another host or path is
    # refused.
    from apex.auth.oauth import Applications

    def place(address: str) -> tuple[str | None, str]:
        parts = urlsplit(address)
        return parts.hostname, parts.path

    class Places(list[str]):
        def __contains__(self, address: Any) -> bool:
            return any(place(address) == place(known) for known in self)

    @around(Applications, "_client")
    def _client(original: Callable[..., Any], self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        return client and client.model_copy(update={"redirect_uris": Places(client.redirect_uris)})


@blind_defect(
    "CFG-05ta",
    "an application's address is compared without its query",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: POST /v1/oauth/authorizations with a registered address and a query of one's own behind it
    # ("https://app.example/callback?next=https://evil.example"): 201 with a code for it instead of 409.
    from apex.auth.oauth import Applications

    class Addresses(list[str]):
        """Applications may hand something through."""

        def __contains__(self, address: object) -> bool:
            return any(str(address).partition("?")[0] == known.partition("?")[0] for known in self)

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        if client is None:
            return None
        return client.model_copy(update={"redirect_uris": Addresses(client.redirect_uris)})


@blind_defect(
    "CFG-05ua",
    "an application's address is compared without its port",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: https://app.example:8443/callback of staging is accepted where https://app.example/callback is
    # registered, instead of the 422.
    from urllib.parse import urlsplit

    from apex.auth.oauth import Applications

    def portless(address: str) -> tuple[str, str | None, str, str]:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.path, parts.query

    class AnyPort(list[str]):
        def __contains__(self, wanted: object) -> bool:
            return portless(str(wanted)) in map(portless, self)

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        return client and client.model_copy(update={"redirect_uris": AnyPort(client.redirect_uris)})


@blind_defect(
    "CFG-05ub",
    "an application is remembered as it was when it was first used",
    service="auth",
    scenario="A replaced address is refused while the platform runs",
    step="the request is refused at the former address and succeeds at the registered one in time",
)
def _() -> None:
    # Observable: an address of another environment, or a secret, that is taken away from an application while auth
    # runs (health says that it is taken over) is still accepted, and its successor is refused.
    from apex.auth.oauth import Applications

    remembered: dict[str, Any] = {}

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        if client_id not in remembered:
            client = original(self, client_id)
            if client is None:
                return None
            remembered[client_id] = client
        return remembered[client_id]
