"""What is expected of servers and results when agents were asked for a task."""

import pytest

from support.cloud.servers import CloudServer
from support.scenario.users import Tenant, User
from support.tool_dispatcher.server_tasks import LARGER_TYPE, ServerTask, TaskRequest, TaskRequests

ACME = User("Acme", Tenant("Acme", "acme-1", "canary-1", "1"), "owner@acme.example", "pw")
TAGS = {"Name": "web"}
ONE: CloudServer = {"id": "i-1", "state": "running", "type": "t3.small", "tags": TAGS}
TWO: CloudServer = {"id": "i-2", "state": "running", "type": "t3.small", "tags": TAGS}
BEFORE = {"Acme": {"i-1": ONE, "i-2": TWO}, "Borealis": {"i-3": ONE}}
LABELLED: CloudServer = {**ONE, "tags": {**TAGS, "purpose": "batch of canary-1"}}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (ServerTask.LIST, ONE),
        (ServerTask.LABEL, LABELLED),
        (ServerTask.STOP, {**ONE, "state": "stopped"}),
        (ServerTask.RESIZE, {**ONE, "type": LARGER_TYPE}),
    ],
)
def test_only_the_chosen_server_is_expected_to_change(task, expected):
    requests = TaskRequests(BEFORE, (TaskRequest(ACME, task, ("i-1",)),))
    assert requests.expected() == {**BEFORE, "Acme": {"i-1": expected, "i-2": TWO}}


def test_without_requests_nothing_is_expected_to_change():
    assert TaskRequests(BEFORE).expected() == BEFORE


def test_a_list_is_expected_to_name_every_server_as_it_is_now():
    request = TaskRequest(ACME, ServerTask.LIST, ("i-1", "i-2"))
    (result,) = request.results({"i-1": LABELLED, "i-2": TWO})
    assert [server["resource_id"] for server in result["instances"]] == ["i-1", "i-2"]


def test_a_resize_has_a_call_and_a_result_for_each_server():
    request = TaskRequest(ACME, ServerTask.RESIZE, ("i-1", "i-2"))
    assert len(request.calls()) == len(request.results(BEFORE["Acme"])) == 2
