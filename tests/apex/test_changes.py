"""What tools do to an account of the simulated cloud, also where it refuses."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from apex.tools.accounts import CloudAccount
from apex.tools.changes import ResizeInstance, Resizing
from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.stack.cloud import REGION

KEYS = {"aws_access_key_id": "some", "aws_secret_access_key": "secret", "region_name": REGION}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudAccount]:
    log_dir = tmp_path_factory.mktemp("logs")
    options = StackOptions(checkout=CHECKOUT, log_dir=log_dir, only=frozenset(("cloud",)))
    with Stack.start(options, progress=lambda _: None) as stack:
        make: Any = boto3.client
        yield CloudAccount(REGION, make("ec2", endpoint_url=stack.addresses.cloud_url, **KEYS), None)


@pytest.fixture
def server(account: CloudAccount) -> str:
    """A server that runs."""
    image = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    started: str = account.ec2.run_instances(**image)["Instances"][0]["InstanceId"]
    return started


def seen(account: CloudAccount, server: str) -> tuple[str, str]:
    """Type and state."""
    (reservation,) = account.ec2.describe_instances(InstanceIds=[server])["Reservations"]
    (instance,) = reservation["Instances"]
    return instance["InstanceType"], instance["State"]["Name"]


@pytest.fixture
def refusal(account: CloudAccount) -> Iterator[None]:
    """The cloud takes any type, but refuses what is only tried: it is told that every change of a type is."""
    change = "before-call.ec2.ModifyInstanceAttribute"

    def only_tried(params: dict[str, Any], **_: Any) -> None:
        params["body"]["DryRun"] = "true"

    account.ec2.meta.events.register(change, only_tried)
    yield
    account.ec2.meta.events.unregister(change, only_tried)


def test_a_server_that_ran_runs_again_with_its_new_type(account, server):
    ResizeInstance()._resize(account, Resizing(resource_id=server, instance_type="t3.large"))
    assert seen(account, server) == ("t3.large", "running")


def test_a_server_whose_new_type_is_refused_goes_on_running(account, server, refusal):
    with pytest.raises(ClientError):
        ResizeInstance()._resize(account, Resizing(resource_id=server, instance_type="t9.none"))
    assert seen(account, server) == ("t3.micro", "running")


def test_a_server_that_was_stopped_stays_so(account, server):
    account.ec2.stop_instances(InstanceIds=[server])
    ResizeInstance()._resize(account, Resizing(resource_id=server, instance_type="t3.large"))
    assert seen(account, server) == ("t3.large", "stopped")
