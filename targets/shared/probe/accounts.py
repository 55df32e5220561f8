"""The customers' cloud accounts, entered by assuming the role that each customer has granted."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from probe import surroundings
from probe.failures import ToolError

_CLIENT = Config(connect_timeout=2, read_timeout=30, retries={"max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True)
class CloudAccount:
    """Clients in one customer's account, with that customer's credentials."""

    region: str
    ec2: Any
    cloudwatch: Any


_KEPT_SECONDS = 600.0
_kept: dict[tuple[str, str, str], tuple[float, CloudAccount]] = {}


def entered(identity: str, granted: dict[str, str]) -> CloudAccount:
    """The account that a customer has granted; kept for a while, because entering takes long.

    :raises ToolError: it does not let us in.
    """
    key = (identity, granted["role_arn"], granted["region"])
    until, account = _kept.get(key, (0.0, None))
    if account is None or until < time.monotonic():
        account = _enter(identity, granted)
        _kept[key] = (time.monotonic() + _KEPT_SECONDS, account)
    return account


def warm_up() -> None:
    """Read the descriptions of the services, so that no customer's first call has to."""
    session = _session("none", "none", None, surroundings.cloud()[1])
    for service in ("ec2", "cloudwatch"):
        _client(session, service)
    _gate()


def _enter(identity: str, granted: dict[str, str]) -> CloudAccount:
    try:
        keys = _gate().assume_role(RoleArn=granted["role_arn"], RoleSessionName="probe", ExternalId=identity)
    except (BotoCoreError, ClientError):
        raise ToolError("Your cloud account does not let us in.", recoverable=True) from None
    given = keys["Credentials"]
    session = _session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], granted["region"])
    return CloudAccount(granted["region"], _client(session, "ec2"), _client(session, "cloudwatch"))


@cache
def _gate() -> Any:
    _, region = surroundings.cloud()
    return _client(_session("AKIAPROBEPLATFORM000", "unused-by-the-simulated-cloud", None, region), "sts")


@cache
def _descriptions() -> Any:
    # The description of a service takes a good part of a second to read: all sessions share what was read.
    return botocore.session.Session().get_component("data_loader")


def _session(key: str, secret: str, token: str | None, region: str) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _descriptions())
    return boto3.Session(key, secret, token, region_name=region, botocore_session=core)


def _client(session: boto3.Session, service: str) -> Any:
    make: Any = session.client
    return make(service, endpoint_url=surroundings.cloud()[0], config=_CLIENT)
