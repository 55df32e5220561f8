"""The simulated cloud keeps accounts apart, and its first calls are as quick as later ones."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.stack.cloud import REGION


@pytest.fixture(scope="module")
def cloud(base: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log_dir = tmp_path_factory.mktemp("logs")
    options = StackOptions(checkout=CHECKOUT, log_dir=log_dir, base_dir=base, only=frozenset(("cloud",)))
    with Stack.start(options, progress=lambda _: None) as stack:
        yield stack


def account(cloud: Stack, number: str) -> Any:
    """A client of EC2 in an account, reached by its role."""
    common: dict[str, Any] = {"endpoint_url": cloud.addresses.cloud_url, "region_name": REGION}
    sts = boto3.client("sts", aws_access_key_id="platform", aws_secret_access_key="secret", **common)
    role = f"arn:aws:iam::{number}:role/apex"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "ec2",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **common,
    )


def instances(ec2: Any) -> list[str]:
    return [
        instance["InstanceId"]
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]


def test_the_cloud_is_warm(cloud: Stack):
    ec2 = account(cloud, "111111111111")
    begin = time.monotonic()
    assert instances(ec2) == []
    assert time.monotonic() - begin < 0.5


def test_accounts_do_not_see_each_other(cloud: Stack):
    first, second = account(cloud, "222222222222"), account(cloud, "333333333333")
    started = first.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1)
    assert instances(first) == [started["Instances"][0]["InstanceId"]]
    assert instances(second) == []
