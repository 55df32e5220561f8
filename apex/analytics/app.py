"""The HTTP application of the analytics service."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, Field

from apex.analytics.store import Job, Jobs
from apex.http import values
from apex.http.identity import BEARER, Caller, acting_as, verify_service_token
from apex.http.problems import unauthenticated
from apex.http.values import AsDigits, Id
from apex.runtime.service import Process, create_app
from apex.storage.database import Database

AUDIENCE = "apex-analytics"


class Records(values.Request):
    """A batch of finished runs."""

    records: Annotated[list[Job], Field(max_length=400)]


class Stored(BaseModel):
    """How many records were taken."""

    stored: int


class JobList(BaseModel):
    """The caller's own jobs."""

    items: list[Job]


def create(process: Process) -> FastAPI:
    """The application, its table in place."""
    database = Database.of(process)
    database.require(process.settings.environment)
    jobs = Jobs(process.settings.clickhouse)
    jobs.prepare(process.settings.environment)
    return application(process, jobs, database)


def application(process: Process, jobs: Jobs, database: Database) -> FastAPI:
    """The routes over what they need; building them touches no store."""
    app = create_app(process, "Apex analytics", database, {"clickhouse": jobs.check})

    @app.post("/v1/records", status_code=201, tags=["internal"])
    def record(body: Records, request: Request, _: Annotated[object, BEARER]) -> Stored:
        """Store records of ended runs (for the platform's own services)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated()
        verify_service_token(process.settings, token, AUDIENCE)
        if body.records:
            jobs.add(body.records)
        return Stored(stored=len(body.records))

    @app.get("/v1/jobs", tags=["reports"])
    def list_jobs(
        identity: Caller, run_id: Id | None = None, limit: Annotated[int, Query(ge=1, le=1000), AsDigits] = 50
    ) -> JobList:
        """The caller's jobs, newest first."""
        with acting_as(database, identity):
            pass
        rows = jobs.of_user(identity.tenant_id, identity.user_id, run_id, limit)
        return JobList(
            items=[Job.model_validate({k: str(v) if k.endswith("_id") else v for k, v in row.items()}) for row in rows]
        )

    return app
