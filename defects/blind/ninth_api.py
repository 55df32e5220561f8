"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "API-02ra",
    "a job record is shown to every colleague who names its run",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: Ann of Acme has a finished run; GET /v1/jobs?run_id=<her run> with the token of a colleague, Ben,
    # shows the record (without run_id he sees his own alone). A user of another organisation still gets an empty list.
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    from apex.analytics.store import _COLUMNS, Jobs
    from apex.http.problems import unavailable

    def of_user(self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> list[dict[str, Any]]:
        wanted = "run_id = {run:UUID}" if run_id else "user_id = {user:UUID}"
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM jobs FINAL WHERE tenant_id = {{tenant:UUID}} AND {wanted} "
            "ORDER BY finished_at DESC LIMIT {limit:UInt32}"
        )
        try:
            answer = self._client().query(query, {"tenant": tenant_id, "user": user_id, "run": run_id, "limit": limit})
        except (ClickHouseError, HTTPError, OSError) as error:
            raise unavailable() from error
        return [dict(zip(_COLUMNS, row, strict=True)) for row in answer.result_rows]

    replace(Jobs, "of_user", of_user)


@blind_defect(
    "API-03ra",
    "an access token is taken for another minute after it has expired",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with {"expires_in": 2}, wait for four seconds and GET /v1/threads, or POST /v1/runs, with that
    # token: 200 and 202 instead of 401, for a minute. After that it is refused.
    import jwt

    from apex.backend import sockets
    from apex.config.live import Configuration
    from apex.http import identity
    from apex.http.problems import unauthenticated

    def verify(configuration: Configuration, token: str) -> identity.Identity:
        settings = configuration.settings
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if all(key.id != key_id for key in settings.auth.signing_keys):
                configuration.refresh()
            key = next(key for key in settings.auth.signing_keys if key.id == key_id and key.is_accepted)
            claims = jwt.decode(
                token,
                key.secret.get_secret_value(),
                algorithms=[identity.ALGORITHM],
                audience=settings.auth.audience,
                issuer=settings.auth.issuer,
                # The clocks of two machines are never quite the same.
                leeway=60,
                options={"require": ["exp", "iat", "sub", "tid", "sid", "role", "plan"]},
            )
        except (jwt.InvalidTokenError, StopIteration):
            raise unauthenticated() from None
        return identity.Identity(
            claims["sub"], claims["tid"], claims["sid"], claims["role"], claims["plan"], float(claims["exp"])
        )

    replace(identity, "verify", verify)
    replace(sockets, "verify", verify)


@blind_defect(
    "API-04ra",
    "an owner has every permission, also those of the platform's operators",
    service="backend",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: GET /v1/operations/runs with the token of a customer's owner shows the runs of all tenants, and POST
    # /v1/operations/notices tells everybody something (200 and 202 instead of 403). Admins and members are refused.
    from apex.http import identity

    replace(identity, "PERMISSIONS", {name: roles | {"owner"} for name, roles in identity.PERMISSIONS.items()})


@blind_defect(
    "API-08ra",
    "a request that is refused as one too many counts all the same",
    service="backend",
    scenario="A customer who changes to a larger plan is served at once",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: on the plan free (burst 200, 5 per second) ask 250 times at once and then go on asking ten times a
    # second: there is room for five a second, and not one more request is answered. Who waits for the Retry-After (1 s)
    # of the last of the refusals is refused again.
    import time

    from apex.http.buckets import Bucket, Buckets

    async def take(self: Any, buckets: Sequence[Bucket]) -> float:
        now = time.monotonic()
        own: float = self._own.wait(buckets, now)
        self._own.charge(buckets, now)
        if own > 0:
            return own
        shared: float | None = await self._shared(self._take, buckets)
        return 0.0 if shared is None else shared

    replace(Buckets, "take", take)
