"""What a change of a setting means: the services that use it, what for, and whether they take it while they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

SERVICES = ("analytics", "auth", "backend", "tools", "worker")

# Key (or the part that it begins with), services, what of a change is taken over while they run ("reload" all,
# "credentials" those in an address, "restart" nothing), and the feature as its users call it.
_TABLE = """
version                    all                        reload   the name of the configuration
environment                all                        restart  everything
deployment                 all                        restart  everything
trusted_proxies            all                        restart  rate limits by address
features.sign_up           auth                       reload   sign-up
auth.host                  auth                       restart  sign-up and log-in
auth.port                  auth                       restart  sign-up and log-in
auth.url                   all                        restart  the addresses of the services
auth.issuer                auth,backend,analytics     restart  access tokens
auth.audience              auth,backend,analytics     restart  access tokens
auth.signing_keys          auth,backend,analytics     reload   access tokens
auth.access_token_seconds  auth                       reload   access tokens
auth.refresh_token_seconds auth                       reload   sessions
auth.invitation_seconds    auth                       reload   invitations
auth.device_token_seconds  auth                       reload   log-in
auth.attempts              auth                       reload   limits of sign-up and log-in
auth.oauth_clients         auth                       reload   applications of others
auth.password_hash         auth                       restart  passwords
auth.operator              auth                       restart  the operator's account
backend.host               backend                    restart  the API
backend.port               backend                    restart  the API
backend.url                all                        restart  the addresses of the services
backend.allowed_origins    backend                    reload   live events in browsers
backend.stream_window      backend,worker,tools       restart  resuming live events
backend.heartbeat          all                        restart  live events
backend.connection_buffer  backend                    restart  live events
worker.host                worker                     restart  agent runs
worker.port                worker                     restart  agent runs
worker.url                 all                        restart  the addresses of the services
worker.slots               worker                     reload   agent runs at once
worker.run_seconds         backend                    reload   the time limit of agent runs
worker                     worker                     restart  agent runs
tools.host                 tools                      restart  tool calls
tools.port                 tools                      restart  tool calls
tools.url                  all                        restart  the addresses of the services
tools.call_seconds         tools,worker               restart  the time limit of tool calls
tools.threads              tools                      restart  calls into customers' clouds
analytics.host             analytics                  restart  job records
analytics.port             analytics                  restart  job records
analytics.url              all                        restart  the addresses of the services
requests.max_head_bytes    all                        restart  what a request may hold
requests.head_seconds      all                        restart  what a request may hold
requests                   all                        reload   what a request may hold
rate_limits                auth,backend,analytics     reload   rate limits of the plans
internal.signing_key       backend,worker,tools,analytics restart  calls between services
database.url               all                        credentials all stored data
database.owner_url         auth,backend,worker,tools  restart  changes of the schema
database.replica           all                        reload   all stored data
database.pool              all                        reload   requests at once
database.statement_seconds all                        reload   the time limit of requests
database.lock_seconds      all                        reload   the time limit of requests
database.idle_seconds      all                        reload   the time limit of requests
database.migration_seconds auth,backend,worker,tools  restart  changes of the schema
redis.url                  all                        credentials live events and rate limits
discovery                  all                        restart  the addresses of the services
clickhouse.url             analytics                  restart  job records
cloud                      tools                      restart  customers' cloud accounts
partners                   tools                      reload   prices
plugins.directory          backend,worker,tools       restart  agents and tools
log.level                  all                        reload   logs
"""


@dataclass(frozen=True)
class Effect:
    """``services``: who uses the setting; ``feature``: what for; ``how``: what they take over while they run."""

    services: tuple[str, ...]
    feature: str
    how: Literal["reload", "credentials", "restart"]

    def is_taken_over(self, before: Any, after: Any) -> bool:
        """Whether this change of the setting needs no restart."""
        return self.how == "reload" or (self.how == "credentials" and _place(before) == _place(after))


def _place(address: str) -> str:
    """An address without whoever is to come there."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def effect_of(key: str) -> Effect:
    """What a change of this key means.

    Raises:
        KeyError: it is not in the table.
    """
    return _EFFECTS[max((known for known in _EFFECTS if _is_part(key, known)), key=len, default=key)]


def _is_part(key: str, known: str) -> bool:
    return key == known or key.startswith((f"{known}.", f"{known}_"))


def _read() -> dict[str, Effect]:
    effects = {}
    for line in _TABLE.strip().splitlines():
        key, services, how, feature = line.split(None, 3)
        used_by = SERVICES if services == "all" else tuple(sorted(services.split(",")))
        effects[key] = Effect(used_by, feature, how)  # type: ignore[arg-type]  # one of the three
    return effects


_EFFECTS = _read()
