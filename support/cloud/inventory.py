"""Planting what a customer owns in the cloud, through the cloud's own interface."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import botocore.session
import requests
from botocore.config import Config

from support.cloud.savings import Group, Instance, Inventory, PriceTable

REGION = "eu-central-1"

_IMAGE = "ami-12c6146b"  # one that the simulated cloud knows
# Three days apart, so that no period of a day or less puts two into one bucket and weighs them differently.
_MEASURED_DAYS_AGO = (2, 9)
_METRICS_PER_CALL = 1000


def fetch_prices(partner_url: str, region: str = REGION) -> PriceTable:
    """Ask the partner for its price table, as the platform would.

    :raises requests.RequestException: the partner does not answer.
    """
    answer = requests.get(f"{partner_url}/v1/prices", params={"region": region}, timeout=5)
    answer.raise_for_status()
    return PriceTable({name: Decimal(price) for name, price in answer.json()["prices"].items()})


class CloudAccounts:
    """Entry to tenants' cloud accounts, by assuming a role of each, as the platform does."""

    def __init__(self, cloud_url: str, region: str = REGION) -> None:
        session = botocore.session.Session()
        session.set_credentials("AKIAIOSFODNN7EXAMPLE", "unused-by-the-simulated-cloud")
        self._credentials: Any = session.get_credentials()
        self._entering = threading.Lock()
        self._url, self._external_ids = cloud_url, dict[str, str]()
        configured = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=30)
        shared = boto3.session.Session(botocore_session=session, region_name=region)
        # Clients are dear to make (a tenth of a second each) and cheap to use: one of each, whose credentials are
        # exchanged when another account is entered.
        self._sts = shared.client("sts", endpoint_url=cloud_url, config=configured)
        self.ec2 = shared.client("ec2", endpoint_url=cloud_url, config=configured)
        self.cloudwatch = shared.client("cloudwatch", endpoint_url=cloud_url, config=configured)

    @contextmanager
    def inside(self, role_arn: str) -> Iterator["CloudAccounts"]:
        """Act inside the account of a role; one account at a time."""
        with self._entering:
            credentials = self._credentials
            own = (credentials.access_key, credentials.secret_key, credentials.token)
            external = {"ExternalId": self._external_ids[role_arn]} if role_arn in self._external_ids else {}
            assumed = self._sts.assume_role(RoleArn=role_arn, RoleSessionName="planting", **external)["Credentials"]
            credentials.access_key = assumed["AccessKeyId"]
            credentials.secret_key = assumed["SecretAccessKey"]
            credentials.token = assumed["SessionToken"]
            try:
                yield self
            finally:
                credentials.access_key, credentials.secret_key, credentials.token = own

    def admit(self, role_arn: str, external_id: str) -> None:
        """Let a role be entered by whoever knows this external ID, and by nobody else.

        :raises requests.RequestException: the cloud does not answer.
        """
        said = {"role_arn": role_arn, "external_id": external_id}
        requests.put(f"{self._url}/_trust", json=said, timeout=5).raise_for_status()
        self._external_ids[role_arn] = external_id

    def plant(self, role_arn: str, marker: str, groups: Sequence[Group]) -> Inventory:
        """Make a tenant's instances and their CPU figures; every name carries the tenant's marker, and letters that are
        not in Latin-1.
        """
        with self.inside(role_arn):
            instances = [
                instance
                for number, group in enumerate(groups, 1)
                for instance in self._launch(group, f"σέρβερ-{number}-{marker}")
            ]
            self._measure([instance for instance in instances if instance.average_cpu is not None])
        return Inventory(tuple(instances))

    def _launch(self, group: Group, name: str) -> list[Instance]:
        if not group.count:
            return []
        launched = self.ec2.run_instances(
            ImageId=_IMAGE,
            MinCount=group.count,
            MaxCount=group.count,
            InstanceType=group.instance_type,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )["Instances"]
        ids = [instance["InstanceId"] for instance in launched]
        if not group.running:
            self.ec2.stop_instances(InstanceIds=ids)
        return [Instance(id, name, group.instance_type, group.cpu, group.running) for id in ids]

    def _measure(self, instances: Sequence[Instance]) -> None:
        now = datetime.now(UTC)
        data: list[dict[str, Any]] = []
        for instance in instances:
            average = instance.average_cpu or 0.0
            swing = min(average / 2, 1.0)
            for number, days in enumerate(_MEASURED_DAYS_AGO):
                data.append(
                    {
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": instance.id}],
                        "Timestamp": now - timedelta(days=days, hours=1),
                        "Value": average + (swing if number % 2 else -swing),
                        "Unit": "Percent",
                    }
                )
        for first in range(0, len(data), _METRICS_PER_CALL):
            self.cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=data[first : first + _METRICS_PER_CALL])
