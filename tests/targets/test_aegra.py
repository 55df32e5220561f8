"""The driver of Aegra against the real Aegra: every verb does what it says, and streams tell whole stories."""

import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from support.cloud.savings import UsageRecords
from support.matchers.answers import equals_usage
from support.matchers.story import story_faults
from support.oracles.canary import tenant_of
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, NewAccount
from support.platform.drivers.aegra import AegraDriver
from support.platform.events import EventCapture
from support.platform.runs import RunStatus
from support.platform.target import Target
from support.scenario import agents
from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.stores.observers import Observers
from support.target_environment import python_of_target
from tests.targets.customers import WITHIN, ended, run_of, somebody, watched

pytestmark = pytest.mark.skipif(
    python_of_target(CHECKOUT / "targets" / "aegra") is None,
    reason="Aegra has no environment here; bin/stack up -D target=aegra makes it",
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = StackOptions(checkout=CHECKOUT, log_dir=tmp_path_factory.mktemp("logs"), target="aegra")
    with Stack.start(options, lambda line: None) as started:
        yield started


@pytest.fixture
def platform(stack: Stack) -> AegraDriver:
    driver = Target.load("aegra").driver(stack.addresses)
    assert isinstance(driver, AegraDriver)
    return driver


@pytest.fixture
def customer(platform: AegraDriver) -> Anyone:
    return somebody(platform)


def test_every_agent_is_listed(platform: AegraDriver, customer: Anyone):
    names = {agent.name for agent in platform.agents(customer).require().items}
    assert names == {"cost_analysis", "rightsizing_plan", "usage_report", "advisor", "probe"}


def test_conversations_belong_to_their_owner(platform: AegraDriver, customer: Anyone):
    thread = platform.create_thread(customer, "Costs").require()
    assert platform.rename_thread(customer, thread.id, "Costs of May").require().title == "Costs of May"
    assert [each.title for each in platform.threads(customer).require().items] == ["Costs of May"]
    outsider = somebody(platform)
    assert platform.thread(outsider, thread.id).meaning is Meaning.NOT_FOUND
    assert platform.threads(outsider).require().items == []
    assert platform.delete_thread(customer, thread.id).done
    assert platform.thread(customer, thread.id).meaning is Meaning.NOT_FOUND


def test_without_a_valid_token_nothing_is_answered(platform: AegraDriver):
    expired = platform.log_in(Anyone(), email="a@b.example", password="", expires_in=-60).require().access_token
    for token in (None, "nonsense", expired):
        refused = platform.threads(Anyone(token))
        assert refused.meaning is Meaning.UNAUTHENTICATED
        assert refused.problem is not None


def test_a_usage_report_is_computed_from_what_was_stored(platform: AegraDriver, customer: Anyone):
    usage = UsageRecords.varied("canary-0123456789ab")
    half = len(usage.records) // 2
    for part in (usage.records[:half], usage.records[half:]):
        platform.store_usage(customer, [record.wire() for record in part]).require()
    report = ended(platform, customer, run_of(platform, customer, {}, "usage_report"))
    assert equals_usage(usage).matches(report.result), report
    assert Decimal(report.part("total_cost")) == usage.total_cost


def test_a_run_tells_its_whole_story_also_to_who_comes_late(platform: AegraDriver, customer: Anyone):
    run = run_of(platform, customer, agents.trying(agents.call("probe_fail", message="no"), agents.call("no_tool")))
    assert ended(platform, customer, run).status is RunStatus.COMPLETED
    told = watched(platform, customer, run)
    assert story_faults(told.events) == []
    codes = [event.payload["error"]["code"] for event in told.events if event.type == "tool_completed"]
    assert codes == ["tool_failed", "unknown_tool"]
    assert told.malformed == []


def test_a_stream_goes_on_after_the_last_frame_that_was_received(platform: AegraDriver, customer: Anyone):
    run = run_of(platform, customer, agents.talkative(200))
    told = watched(platform, customer, run)
    before = len(told.events)
    assert told.connect(resume=True).accepted
    told.wait_until_closed(within=WITHIN)
    assert len(told.events) == before
    assert story_faults(told.events) == []


def test_a_state_is_read_back_as_it_was_kept(platform: AegraDriver, customer: Anyone):
    state: dict[str, Any] = {"money": "0.10", "nested": [{"a": [None, ""]}], "text": "Straße 🚀"}
    run = run_of(platform, customer, agents.keeping(state))
    read = ended(platform, customer, run)
    assert (read.part("kept"), read.request.input) == (state, agents.keeping(state))
    (asked, answered) = platform.messages(customer, str(run.request.thread_id)).require().items
    assert (asked.role, answered.data["kept"], answered.run_id) == ("user", state, run.id)
    assert [each.id for each in platform.runs(customer).require().items] == [run.id]


def test_a_cancelled_run_stops_and_nobody_else_can_cancel_it(platform: AegraDriver, customer: Anyone):
    run = run_of(platform, customer, agents.reading_on("/v1/prices?region=eu-central-1"))
    capture = EventCapture(platform.transport(), platform.dialect, lambda: customer.access_token)
    capture.connect()
    capture.follow(run.id, run.request.thread_id)
    capture.wait_for("tool_executing", within=WITHIN)
    assert platform.cancel_run(somebody(platform), run.id).meaning is Meaning.NOT_FOUND
    assert platform.cancel_run(customer, run.id).done
    assert ended(platform, customer, run).status is RunStatus.CANCELLED
    assert capture.wait_for_end(run.id, within=WITHIN).type == "agent_cancelled"


def test_a_crash_and_an_unknown_agent(platform: AegraDriver, customer: Anyone):
    crashed = ended(platform, customer, run_of(platform, customer, agents.crashing()))
    assert (crashed.status, crashed.error_code) == (RunStatus.FAILED, "agent_failed")
    refused = platform.start_run(customer, "no_such_agent")
    assert refused.problem is not None
    assert refused.problem.code == "unknown_agent"


def test_what_it_publishes_of_itself(platform: AegraDriver):
    assert platform.is_alive(Anyone()).done
    (document,) = platform.documents().values()
    assert "/threads/{thread_id}/runs" in document.require()["paths"]
    assert "# TYPE" in platform.metrics().text


def test_what_it_stores_is_seen_past_it_and_belongs_to_its_owner(stack: Stack, platform: AegraDriver):
    target = Target.load("aegra")
    observers = Observers(stack.addresses, platform.dialect, target.ownership)
    marker = f"canary-{uuid.uuid4().hex[:12]}"
    email = f"{uuid.uuid4().hex}@acme.example"
    account = platform.provide(Anyone(), NewAccount("Acme", email, "", "Acme", "mid", "owner")).require()
    customer = Anyone(platform.log_in(Anyone(), email=email, password="").require().access_token)
    present = {account.user_id: account.tenant_id}
    observers.look(present, present, None)
    platform.store_usage(customer, [record.wire() for record in UsageRecords.varied(marker).records]).require()
    run = ended(platform, customer, run_of(platform, customer, agents.keeping({"marker": marker})))
    seen = observers.look(present, present, None)
    own = [sighting for sighting in seen.sightings if marker in sighting.markers]
    assert {tenant_of(sighting.tenant_id, present) for sighting in own} == {account.tenant_id}
    places = {sighting.where.partition(":")[0] for sighting in own}
    assert {"the table store", "the table runs", "the Redis key aegra"} <= places
    (stored,) = [each for each in seen.runs if each.id == run.id]
    assert (stored.status, stored.started, stored.result["answer"]) == ("completed", True, run.result)
    assert seen.endless_keys == []
    assert not [session for session in observers.sessions() if session.name not in ("apex_owner", "apex_observer")]
    observers.close()


def test_no_secret_stands_in_a_log_or_a_command_line(stack: Stack):
    with psycopg.connect(stack.addresses.postgres_owner_url) as connection:
        secrets = [stack.addresses.signing_key, connection.info.password]
    written = [path.read_text("utf-8", "replace") for path in stack.addresses.log_dir.glob("*.log")]
    pids = [status.pid for status in stack.services() if status.pid]
    for pid in pids:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            written.append(line.read().decode("utf-8", "replace"))
    assert [secret for secret in secrets for text in written if secret in text] == []


def test_a_spare_instance_serves_what_the_first_has_stored(stack: Stack, platform: AegraDriver, customer: Anyone):
    thread = platform.create_thread(customer, "Costs").require()
    started = time.monotonic()
    stack.start_service("aegra-2")
    try:
        read = platform.request(
            customer, "GET", f"/threads/{thread.id}", service=stack.addresses.spare_backend_url
        ).require()
        assert read["metadata"]["title"] == "Costs"
    finally:
        stack.stop("aegra-2")
    assert time.monotonic() - started < 60
