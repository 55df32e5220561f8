"""How often somebody may try to get in: to log in, to renew a session, to accept an invitation, to sign up.

Guessing is bounded without locking anybody out:

- A failed attempt counts three times: for the address that it comes from, for the account from that address, and for
  the account from everywhere. Whether the account exists makes no difference. When one of the three has no room left,
  the attempt is refused before its password is looked at, and says when there is room again. A refused attempt counts
  nowhere, so whoever waits for as long is let in; a successful one neither.
- Somebody who guesses from one address uses up that address's share of the account: its owner gets in from any other.
- Many addresses together use up what there is from everywhere. Who has logged in before is let in all the same: a
  log-in answers with a device token, and an attempt that shows it counts for that device alone. A device token opens
  nothing, and what can be guessed with a stolen one is bounded like the rest.

What remains is a log-in from a new device while many addresses guess at the account: it waits for its turn with them.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
import unicodedata
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import jwt
import structlog
from fastapi import Request
from prometheus_client import Counter

from apex.http.buckets import Bucket, Buckets
from apex.http.identity import ALGORITHM
from apex.http.problems import Problem, too_many_attempts
from apex.settings import Settings

log = structlog.get_logger()

REFUSED = Counter("apex_attempts_refused", "Attempts to get in that were refused unseen", ["kind"])
_DEVICES = "apex-device"
"""The audience of device tokens: none of them ever passes for an access token."""


class Attempts:
    """Counts attempts; an ``account`` is an e-mail address or another secret that is being tried."""

    def __init__(self, settings: Settings, buckets: Buckets) -> None:
        self._settings, self._limits, self._buckets = settings, settings.auth.attempts, buckets

    @asynccontextmanager
    async def log_in(self, request: Request, email: str, device_token: str | None) -> AsyncIterator[None]:
        """Around a log-in; a device that the account knows has a share of its own."""
        device = self._device(email, device_token)
        if device is not None:
            taken = [Bucket(f"attempts:device:{device}", self._limits.account)]
        else:
            taken = self._buckets_of("log_in", request, _fold(email))
        async with self._counted("log_in", request, taken):
            yield

    @asynccontextmanager
    async def sign_up(self, request: Request, email: str) -> AsyncIterator[None]:
        """Around a sign-up, which counts whether or not it succeeds: each makes an organisation."""
        made = Bucket(f"attempts:sign_up:{address_of(request)}", self._limits.sign_ups)
        taken = [made, *self._buckets_of("sign_up", request, _fold(email))]
        async with self._counted("sign_up", request, taken, keep=True):
            yield

    @asynccontextmanager
    async def show(self, request: Request, kind: str, token: str) -> AsyncIterator[None]:
        """Around something that a secret token opens."""
        async with self._counted(kind, request, self._buckets_of(kind, request, token)):
            yield

    def device_token(self, email: str) -> str:
        """Shows, at the next log-in to this account, that this device has logged in before."""
        key = self._settings.auth.signing_keys[0]
        claims = {
            "iss": self._settings.auth.issuer,
            "aud": _DEVICES,
            "sub": _digest(_fold(email)),
            "jti": uuid.uuid4().hex,
            "exp": int(time.time()) + self._settings.auth.device_token_seconds,
        }
        return jwt.encode(claims, key.secret.get_secret_value(), ALGORITHM, headers={"kid": key.id})

    def _device(self, email: str, token: str | None) -> str | None:
        """The device that a token shows to be known to the account; None for anything else."""
        auth = self._settings.auth
        for key in auth.signing_keys if token else []:
            if not key.is_accepted:
                continue
            try:
                claims = jwt.decode(
                    token or "",
                    key.secret.get_secret_value(),
                    algorithms=[ALGORITHM],
                    audience=_DEVICES,
                    issuer=auth.issuer,
                    subject=_digest(_fold(email)),
                    options={"require": ["exp", "sub", "jti"]},
                )
            except jwt.InvalidTokenError:
                continue
            return str(claims["jti"])
        return None

    def _buckets_of(self, kind: str, request: Request, account: str) -> list[Bucket]:
        address, account = address_of(request), _digest(account)
        return [
            Bucket(f"attempts:address:{address}", self._limits.address),
            Bucket(f"attempts:{kind}:{account}:{address}", self._limits.account),
            Bucket(f"attempts:{kind}:{account}", self._limits.everywhere),
        ]

    @asynccontextmanager
    async def _counted(
        self, kind: str, request: Request, taken: Sequence[Bucket], keep: bool = False
    ) -> AsyncIterator[None]:
        """Take before the attempt, so that many at once get no more than one after the other."""
        wait = await self._buckets.take(taken)
        if wait > 0:
            REFUSED.labels(kind).inc()
            log.warning("attempt refused", kind=kind, address=address_of(request))
            raise too_many_attempts(math.ceil(wait))
        try:
            yield
        except Exception as error:
            # Only what was wrong with the attempt itself counts.
            if not isinstance(error, Problem) or error.status >= 500 or error.code == "rate_limited":
                await self._buckets.give_back(taken)
            raise
        if not keep:
            await self._buckets.give_back(taken)


def address_of(request: Request) -> str:
    """Where a request comes from. Of IPv6 the network: whoever has one of its addresses has them all."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


def _fold(email: str) -> str:
    """The same for whatever way an address is written in."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
