"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "API-03ta",
    "an access token is taken for half a minute after its end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with expires_in 1, wait two seconds, and ask the backend for anything: 200 (or a thread is
    # made) instead of 401. After half a minute it is refused.
    import jwt

    from apex.http import identity
    from apex.http.problems import unauthenticated

    needed = ["exp", "iat", "sub", "tid", "sid", "role", "plan"]

    def verify(configuration: Any, token: str) -> Any:
        auth = configuration.settings.auth
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if all(key.id != key_id for key in auth.signing_keys):
                configuration.refresh()
            key = next(key for key in auth.signing_keys if key.id == key_id and key.is_accepted)
            claims = jwt.decode(
                token,
                key.secret.get_secret_value(),
                algorithms=[identity.ALGORITHM],
                audience=auth.audience,
                issuer=auth.issuer,
                leeway=30,
                options={"require": needed},
            )
        except (jwt.InvalidTokenError, StopIteration):
            raise unauthenticated() from None
        sub, tid, sid, role, plan = (claims[name] for name in ("sub", "tid", "sid", "role", "plan"))
        return identity.Identity(sub, tid, sid, role, plan, float(claims["exp"]))

    replace(identity, "verify", verify)


@blind_defect(
    "API-06ta",
    "of a running run only the eight newest steps are kept",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a run of more than eight steps (such as one with five tool calls one after the other, or an
    # advisor's) while it is running; its progress stays at 7 and its first steps are gone. Once ended, all are there.
    slot: Any = import_module("apex.worker.slot")

    @around(slot._InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(self)
        return steps[-8:]


@blind_defect(
    "API-07ta",
    "what went wrong is logged from a thread that does not know the request",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="the log explains every error under the error's request ID",
)
def _() -> None:
    # Observable: have a request answered with 500 or 503 (such as with the database away) and look for its request id
    # in the backend's log: the line with the error and its detail has neither request_id nor trace_id.
    from concurrent.futures import ThreadPoolExecutor

    from apex.http import problems

    original = problems.log
    writing = ThreadPoolExecutor(1, thread_name_prefix="error log")

    class Log:
        """Tracebacks take long to write out: not in the event loop."""

        def error(self, event: str, **fields: Any) -> None:
            writing.submit(original.error, event, **fields)

    replace(problems, "log", Log())


@blind_defect(
    "API-08ta",
    "the time after which a tenant may ask again is rounded, not rounded up",
    service="backend",
    scenario="A customer who changes to a larger plan is served at once",
    step="Acme changes to an Enterprise plan as soon as Retry-After allows, logs in again and makes ten requests",
)
def _() -> None:
    # Observable: use the plan's burst up and be answered 429; Retry-After is "0" (as there is room after 0.2 s) and the
    # text says "in 0 s": who keeps to it is refused again at once.
    from apex.http.buckets import Bucket
    from apex.http.fair_use import FairUse
    from apex.http.problems import rate_limited

    async def admit(self: Any, tenant_id: str, plan: str) -> None:
        rate = getattr(self._limits, plan, self._limits.free)
        if rate is None:
            return
        wait = await self._buckets.take([Bucket(f"fair_use:{tenant_id}:{plan}", rate)])
        if wait > 0:
            raise rate_limited(round(wait), rate.burst, rate.per_second)

    replace(FairUse, "admit", admit)


# -- service coordination ---------------------------------------------------------------------------------------------
