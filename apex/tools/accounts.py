"""The tenants' cloud accounts, entered by assuming the role that each tenant granted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from sqlalchemy import select

from apex.settings import Cloud as CloudSettings
from apex.storage.database import Database
from apex.storage.tables import tenants
from apex.tools.counting import count_bytes
from apex.tools.errors import ToolError

_CLIENT = Config(connect_timeout=2, read_timeout=30, retries={"max_attempts": 2, "mode": "standard"})
_SESSION_SECONDS = 900
_MARGIN_SECONDS = 60


@dataclass(frozen=True)
class CloudAccount:
    """Clients in one tenant's account, with that tenant's credentials; they may be used from several threads."""

    region: str
    ec2: Any
    cloudwatch: Any


@dataclass(frozen=True)
class _Kept:
    granted: dict[str, str]
    until: float
    account: CloudAccount


class CloudAccounts:
    """Entered accounts are kept for as long as their credentials last."""

    def __init__(self, database: Database, settings: CloudSettings) -> None:
        self._database, self._settings = database, settings
        # The description of a service takes a good part of a second to read: all sessions share what was read.
        self._descriptions = Loader(include_default_search_paths=True)
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        # Clients may be shared between threads, sessions may not.
        key_id, secret = settings.access_key_id.get_secret_value(), settings.secret_access_key.get_secret_value()
        self._sts = self._client(self._session(key_id, secret, settings.region), "sts")

    def warm_up(self) -> None:
        """Read the descriptions of the services, so that no customer's first call has to."""
        session = self._session("none", "none", self._settings.region)
        for service in ("ec2", "cloudwatch"):
            self._client(session, service)

    def of_tenant(self, tenant_id: str) -> CloudAccount:
        """The tenant's account.

        Raises:
            ToolError: the tenant has named no account, or does not let us in.
        """
        with self._database.tenant(tenant_id) as connection:
            granted = connection.scalar(select(tenants.c.cloud_account).where(tenants.c.id == tenant_id))
        if granted is None:
            raise ToolError("Your cloud account is not connected yet.")
        with self._lock:
            kept = self._kept.get(tenant_id)
        if kept is None or kept.granted != granted or kept.until < time.monotonic():
            kept = _Kept(
                granted, time.monotonic() + _SESSION_SECONDS - _MARGIN_SECONDS, self._enter(tenant_id, granted)
            )
            with self._lock:
                self._forget_expired()
                self._kept[tenant_id] = kept
        return kept.account

    def _forget_expired(self) -> None:
        now = time.monotonic()
        self._kept = {tenant_id: kept for tenant_id, kept in self._kept.items() if kept.until >= now}

    def _enter(self, tenant_id: str, granted: dict[str, str]) -> CloudAccount:
        try:
            keys = self._sts.assume_role(
                RoleArn=granted["role_arn"],
                RoleSessionName="apex",
                DurationSeconds=_SESSION_SECONDS,
                # The account trusts us on behalf of this tenant only.
                ExternalId=tenant_id,
            )["Credentials"]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not let us in.", recoverable=True) from None
        session = self._session(keys["AccessKeyId"], keys["SecretAccessKey"], granted["region"], keys["SessionToken"])
        return CloudAccount(granted["region"], self._client(session, "ec2"), self._client(session, "cloudwatch"))

    def _session(self, key_id: str, secret: str, region: str, token: str | None = None) -> boto3.Session:
        core = botocore.session.Session()
        core.register_component("data_loader", self._descriptions)
        return boto3.Session(key_id, secret, token, region_name=region, botocore_session=core)

    def _client(self, session: boto3.Session, service: str) -> Any:
        make: Any = session.client
        client = make(service, endpoint_url=self._settings.endpoint_url, config=_CLIENT)
        client.meta.events.register("after-call", _count)
        return client


def _count(http_response: Any, **_: Any) -> None:
    count_bytes(len(http_response.content))
