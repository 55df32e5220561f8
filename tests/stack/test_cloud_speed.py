"""The simulated cloud answers the same in less time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from support.inventory import CloudAccounts
from support.savings import Group
from support.stack.cloud_speed import QUICKER
from support.stack.ports import LOOPBACK

ROLE = "arn:aws:iam::123456789012:role/apex"


@pytest.fixture
def cloud() -> Iterator[CloudAccounts]:
    server = make_server(LOOPBACK, 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield CloudAccounts(f"http://{LOOPBACK}:{server.server_port}")
    server.shutdown()
    serving.join()


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
