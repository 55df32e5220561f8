"""The simulated cloud answers the same in less time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from support.cloud.inventory import CloudAccounts
from support.cloud.savings import Group
from support.stack.cloud_speed import QUICKER, Remembered
from support.stack.ports import LOOPBACK

ROLE, ELSEWHERE, NOWHERE = (f"arn:aws:iam::{number:012}:role/apex" for number in (1, 2, 3))


@contextmanager
def served(application: Any) -> Iterator[str]:
    server = make_server(LOOPBACK, 0, application, threaded=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()


@pytest.fixture
def cloud() -> Iterator[CloudAccounts]:
    with served(DomainDispatcherApplication(create_backend_app)) as url:
        yield CloudAccounts(url)


def answers(cloud: CloudAccounts) -> list[Any]:
    """What the cloud tells of an account's servers and of how busy they were, the unmeasured ones too."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with cloud.inside(ROLE):
        told = cloud.ec2.describe_instances()
        ids = [each["InstanceId"] for reservation in told["Reservations"] for each in reservation["Instances"]]
        by_name = cloud.ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["server-1-marker"]}])
        metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"}
        named = [{**metric, "Dimensions": [{"Name": "InstanceId", "Value": id}]} for id in ids]

        def busy(*metrics: dict[str, Any]) -> Any:
            queries = [
                {"Id": f"m{number}", "MetricStat": {"Metric": each, "Period": 86_400, "Stat": "Average"}}
                for number, each in enumerate(metrics)
            ]
            window = {"StartTime": end - timedelta(days=14), "EndTime": end}
            return cloud.cloudwatch.get_metric_data(MetricDataQueries=queries, **window)

        told_busy = [busy(*named)["MetricDataResults"], busy(metric)["MetricDataResults"]]
        return [told["Reservations"], by_name["Reservations"], *told_busy]


def test_the_quicker_cloud_tells_the_same(cloud: CloudAccounts, monkeypatch: pytest.MonkeyPatch):
    cloud.plant(
        ROLE, "marker", [Group(2, "m5.large", 4.0), Group(1, "t3.micro", None), Group(2, "t3.medium", 9.0, False)]
    )
    before = answers(cloud)
    for owner, name, function in QUICKER:
        monkeypatch.setattr(owner, name, function)
    assert json.dumps(answers(cloud), default=str) == json.dumps(before, default=str)
    assert len(before[0]) == 3
    assert [len(each["Values"]) for each in before[2]] == [2, 2, 0, 2, 2]


def test_what_is_known_of_servers_is_not_asked_for_again_before_it_changes():
    asked: list[str] = []
    cloud = DomainDispatcherApplication(create_backend_app)

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        asked.append(environ["HTTP_AUTHORIZATION"])
        return cloud(environ, start_response)

    def states(user: CloudAccounts) -> dict[str, str]:
        told = user.ec2.describe_instances()["Reservations"]
        return {each["InstanceId"]: each["State"]["Name"] for some in told for each in some["Instances"]}

    with served(Remembered(counted)) as url:
        user = CloudAccounts(url)
        user.plant(ELSEWHERE, "marker", [Group(2, "m5.large", None)])
        with user.inside(ELSEWHERE):
            first, second = states(user)
            asked.clear()
            assert states(user) == {first: "running", second: "running"}
            assert asked == []
            user.ec2.stop_instances(InstanceIds=[first])
            assert states(user) == {first: "stopped", second: "running"}
        with user.inside(NOWHERE):
            assert states(user) == {}
