"""The published contract: OpenAPI documents of the services and the AsyncAPI document of the event socket.

``python -m apex.contract`` writes them beside this module; with ``--check`` it says whether they are current.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from apex.analytics import app as analytics_app
from apex.analytics.store import Jobs
from apex.auth import app as auth_app
from apex.auth.accounts import Accounts
from apex.auth.passwords import Passwords
from apex.auth.sessions import Sessions
from apex.backend import app as backend_app
from apex.config.live import Configuration
from apex.contract.asyncapi import document as asyncapi
from apex.runtime.service import Process
from apex.settings import Auth, ClickHouse, Cloud, Internal, Partners, Redis, Settings, SigningKey
from apex.settings import Database as DatabaseSettings
from apex.storage.database import Database
from apex.tools import app as tools_app

FOLDER = Path(__file__).parent

__all__ = ["FOLDER", "documents", "written"]


def documents() -> dict[str, dict[str, Any]]:
    """Every document by its file name, generated from the code; no store is touched."""
    settings = _settings()
    database = Database(settings.database, "contract")
    passwords = Passwords("minimum")
    accounts = Accounts(database, passwords, settings)
    sessions = Sessions(database, passwords, settings)

    def process(service: str) -> Process:
        return Process(service, service, Configuration(service, settings))

    apps = {
        "auth": auth_app.application(process("auth"), accounts, sessions, database),
        "backend": backend_app.application(process("backend"), database),
        "tools": tools_app.application(process("tools"), database),
        "analytics": analytics_app.application(process("analytics"), Jobs(settings.clickhouse), database),
    }
    generated = {f"openapi-{name}.json": app.openapi() for name, app in apps.items()}
    return {**generated, "asyncapi.json": asyncapi()}


def written(document: dict[str, Any]) -> str:
    """The document as its file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _settings() -> Settings:
    """Settings that let the applications be built; nothing in them is reached."""
    nowhere = SecretStr("postgresql://nobody@127.0.0.1/none")
    secret = SecretStr("not a secret: no token is ever signed with it")
    return Settings(
        environment="test",
        auth=Auth(issuer="apex", signing_keys=[SigningKey(id="none", secret=secret)]),
        internal=Internal(signing_key=secret),
        database=DatabaseSettings(url=nowhere, owner_url=nowhere),
        redis=Redis(url=SecretStr("redis://127.0.0.1/0")),
        clickhouse=ClickHouse(url=SecretStr("http://127.0.0.1/none")),
        cloud=Cloud(access_key_id=SecretStr("none"), secret_access_key=SecretStr("none")),
        partners=Partners(pricing_url="http://127.0.0.1"),
    )
