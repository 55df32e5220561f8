"""Scenarios on a real stack: a good one leaves nothing to find, and whatever is spoiled is found."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

import psycopg
import pytest
import redis
import requests
from hamcrest import equal_to, has_length

from support.matchers.answers import equals_savings
from support.matchers.isolation import shows_only_data_of
from support.matchers.story import has_no_gap, tells_a_complete_story
from support.platform.capabilities import UnknownCapability
from support.platform.components import Component
from support.platform.events import EventCapture
from support.platform.trace import new_trace_id, traceparent
from support.run import examination
from support.run.session import Session
from support.scenario import planting
from support.scenario.evidence import Subject, write_evidence
from support.scenario.faults import Faults
from support.scenario.verdict import DeadlinePassed, NotShown, Verdict
from support.scenario.waiting import eventually
from support.scenario.world import World
from support.settings import Settings
from support.stores import opened, sessions

SUBJECT = Subject(
    "A feature",
    "features/agent_execution/some.feature",
    12,
    "A rule",
    "AEC-01",
    "A scenario",
    ("exclusive", "gate"),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session with a stack of its own."""
    opened = Session.open(Settings(reports=tmp_path_factory.mktemp("reports")), lambda line: None)
    yield opened
    opened.close()


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    """The world of a scenario; whatever a test leaves is undone."""
    made = session.begin(SUBJECT)
    yield made
    made.undo.run_all()
    # The next test must not find what this one spoiled.
    made.breaks_stories("the test is over")
    session.finish(made)


def findings(session: Session, world: World) -> list[str]:
    return [str(finding) for finding in session.finish(world).findings]


def test_a_good_scenario_leaves_nothing_to_find(session, world, tmp_path):
    acme = world.users.settle(world.users["Acme"])
    planting.own_cloud(world, acme.tenant)
    planting.usage(world, acme.tenant)
    watching = world.watch(acme)
    run = world.running(acme, "cost_analysis")
    end = watching.wait_for_end(run, within=20)
    stored = world.ended()
    assert end.payload["answer"] == stored.result
    assert acme.tenant.inventory is not None
    world.expect(stored.result, equals_savings(acme.tenant.inventory.expected(world.prices())))
    world.expect(acme.events, tells_a_complete_story(of=run))
    world.expect(acme.events, has_no_gap(after=watching.first_sequence))
    world.expect(watching, shows_only_data_of(acme.tenant))

    aftermath = session.finish(world)
    assert aftermath.findings == []
    assert not watching.is_open
    path = tmp_path / "evidence.json"
    write_evidence(path, world.evidence.report(aftermath))
    written = json.loads(path.read_text())
    assert len(written["observations"]) >= 4
    assert run.trace_id in written["trace_ids"]
    assert {entry["log"] for entry in written["log_lines"]} >= {"backend", "tools-1"}
    assert any(use["budget"] == "run ends" and 0 < use["share"] < 1 for use in written["budgets"])
    text = json.dumps(written)
    for secret in (acme.password, acme.access_token, acme.refresh_token):
        assert secret
        assert secret not in text


def test_a_defect_finds_no_lines_of_the_one_before(session: Session, world: World) -> None:
    log = session.stack.addresses.log_dir / "backend.log"
    with log.open("a") as lines:
        lines.write("a line of the former defect\n")
    session.restart_with("backend", None)
    assert "former defect" not in log.read_text()


def test_what_a_defect_has_done_to_the_schema_is_a_mark(session: Session) -> None:
    session.restart_with("backend", None)
    assert not session.bears_marks()
    with psycopg.connect(session.stack.addresses.postgres_owner_url, autocommit=True) as owner:
        owner.execute("create policy of_a_defect on sessions for select using (true)")
        assert session.bears_marks()
        owner.execute("drop policy of_a_defect on sessions")
    assert not session.bears_marks()


def test_a_database_that_does_not_answer_is_a_mark(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.restart_with("backend", None)
    nowhere = replace(session.stack.addresses, postgres_observer_url="postgresql://observer@127.0.0.1:9/apex")
    monkeypatch.setattr(session.stack, "addresses", nowhere)
    assert session.bears_marks()


def test_expectations_are_kept_as_evidence(world):
    assert world.expect(1, equal_to(1)) == 1
    with pytest.raises(AssertionError, match=r"the sum: expected <2>, but was <1>"):
        world.expect(1, equal_to(2), "the sum")
    with pytest.raises(TypeError):
        world.expect(1, _Broken())
    assert [entry["verdict"] for entry in world.evidence.observations] == ["proven", "violated", "inconclusive"]


def test_waiting_uses_a_named_budget(world):
    assert world.eventually(lambda: [1], has_length(1), within="reconnect") == [1]
    with pytest.raises(DeadlinePassed):
        world.eventually(lambda: 1, equal_to(2), within="real-time delivery")
    with pytest.raises(KeyError, match="no budget is called 'soon'"):
        world.eventually(lambda: 1, equal_to(1), within="soon")
    with pytest.raises(AssertionError, match="500%"):
        world.within("event delivery", 1.25)
    assert [use.budget for use in world.budgets.uses] == ["reconnect", "real-time delivery", "event delivery"]


def test_what_an_earlier_step_left_is_kept_by_its_type(world):
    assert not world.has_kept(Fraction)
    with pytest.raises(NotShown, match="no earlier step has left a Fraction"):
        world.kept(Fraction)
    first = world.kept_or(Fraction, lambda: Fraction(1, 3))
    assert world.kept_or(Fraction, lambda: Fraction(2, 3)) is world.kept(Fraction) is first
    assert world.keep(Fraction(3)) is world.kept(Fraction)


def test_what_never_was_cannot_be_asked_for(world):
    with pytest.raises(NotShown, match="there is no run"):
        _ = world.last_run


def test_a_refused_run_is_an_outcome(world):
    acme = world.users.settle(world.users["Acme"])
    assert world.start_run(acme, "no_such_agent") is None
    assert world.last_outcome.problem.code == "unknown_agent"
    with pytest.raises(NotShown, match="refused the run"):
        world.running(acme, "no_such_agent")


def test_who_may_not_watch_is_told(world):
    acme = world.users.settle(world.users["Acme"])
    assert world.try_to_watch(acme, token="nonsense").handshake.status == 401
    assert world.try_to_watch(acme, anonymous=True).handshake.status == 401
    assert world.try_to_watch(acme, website="https://evil.example").handshake.status == 403
    acme.access_token = None
    with pytest.raises(NotShown, match="Acme could not connect"):
        world.watch(acme)


def test_a_fault_on_ones_own_line_hits_nobody_else(world):
    acme, borealis = (world.users.settle(world.users[name]) for name in ("Acme", "Borealis"))
    line = world.own_link(acme)
    mine, other = world.watch(acme), world.watch(borealis)
    line.cut("reset")
    assert mine.wait_until_closed(within=2).code is None
    assert other.is_open
    assert mine.reconnect(within=2).accepted


def test_a_lost_service_is_brought_back(session, world):
    world.faults.lose("tools-1")
    assert _state(world, "tools-1") == "killed"
    assert findings(session, world) == []
    assert _state(world, "tools-1") == "ready"


@pytest.mark.parametrize("is_red", [True, False])
def test_services_begin_anew_after_a_fault_that_turned_a_promise_red(session, world, is_red):
    world.faults.reset_connections(Component.CACHE)
    if is_red:
        with pytest.raises(AssertionError):
            world.expect(1, equal_to(2))
    before = world.faults.processes()
    session.finish(world)
    after, later = (session.begin(SUBJECT).faults.processes() for _ in range(2))
    changed = {name for name, pid in after.items() if before[name] != pid}
    assert changed == (set(session.target.instances) if is_red else set())
    assert later == after


def test_the_observers_see_again_after_the_stores_were_lost(session, world):
    world.users.settle(world.users["Acme"])
    for service in ("redis", "postgres-primary", "partner"):
        world.faults.lose(service)
    assert findings(session, world) == []


def test_what_cannot_be_undone_is_found(session, world):
    world.undo.register("close the window", _fail)
    aftermath = session.finish(world)
    assert [str(found) for found in aftermath.findings] == ["undo: left behind: close the window: OSError: it is stuck"]
    assert aftermath.verdict is Verdict.INCONCLUSIVE


def test_a_need_that_nobody_knows_is_refused(session):
    assert session.missing(["smoke", "needs.own_services"]) is None
    with pytest.raises(UnknownCapability, match=r"@needs\.wings names no capability"):
        session.missing(["needs.wings"])


# -- the leak canary, on each place where something can leak --------------------------------------------------------


@pytest.fixture
def two(world: World) -> tuple[World, dict[str, str]]:
    """Two tenants; ids and markers by name."""
    acme, borealis = (world.users.settle(world.users[name]) for name in ("Acme", "Borealis"))
    return world, {
        "user": acme.id,
        "tenant": acme.tenant.id,
        "own": acme.tenant.marker,
        "foreign": borealis.tenant.marker,
    }


def leak(session: Session, world: World, place: str) -> None:
    aftermath = session.finish(world)
    (found,) = map(str, aftermath.findings)
    assert found.startswith("leak canary: ")
    assert place in found
    assert aftermath.verdict is Verdict.VIOLATED


def test_a_leak_into_a_row_is_found(session, two):
    world, ids = two
    world.platform.create_thread(world.users["Acme"], f"Copied from {ids['foreign']}").require()
    leak(session, world, "the table threads")


def test_ones_own_marker_in_a_row_is_no_leak(session, two):
    world, ids = two
    world.platform.create_thread(world.users["Acme"], f"Mine: {ids['own']}").require()
    world.shown_markers.add(ids["own"])
    assert findings(session, world) == []


def test_a_canary_that_does_not_see_what_was_stored_is_blind(session, two):
    world, ids = two
    world.shown_markers.add(ids["own"])
    aftermath = session.finish(world)
    assert [str(found) for found in aftermath.findings] == [
        f"leak canary: it is blind: {ids['own']} was stored and not seen"
    ]
    assert aftermath.verdict is Verdict.INCONCLUSIVE


def test_a_leak_into_a_stream_is_found(session, two):
    world, ids = two
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        event = {"type": "notice", "payload": {"title": ids["foreign"]}}
        client.xadd(f"events:{ids['user']}", {"event": json.dumps(event)}, id="1-0")
        client.expire(f"events:{ids['user']}", 600)
        leak(session, world, f"the event stream of user {ids['user']}")
        client.delete(f"events:{ids['user']}")


def test_a_leak_into_any_other_key_is_found(session, two):
    world, ids = two
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        client.set(f"cache:{ids['tenant']}:threads", f"title of {ids['own']}", ex=600)
        client.hset(f"cache:{ids['tenant']}:runs", "title", f"of {ids['foreign']}")
        client.expire(f"cache:{ids['tenant']}:runs", 600)
        leak(session, world, f"the Redis key cache:{ids['tenant']}:runs")
        client.set("shared", ids["own"], ex=600)
        client.delete(f"cache:{ids['tenant']}:runs")
        leak(session, world, "the Redis key shared")
        client.delete("shared", f"cache:{ids['tenant']}:threads")


def test_a_leak_into_the_figures_is_found(session, two):
    world, ids = two
    address = world.addresses.clickhouse_url.rpartition("/")[0]
    create = "create table figures (tenant_id String, name String) engine = MergeTree order by tenant_id"
    for statement in (create, f"insert into figures values ('{ids['tenant']}', '{ids['foreign']}')"):
        requests.post(address, params={"database": "apex_test"}, data=statement, timeout=10).raise_for_status()
    leak(session, world, "the ClickHouse table figures")
    requests.post(address, params={"database": "apex_test"}, data="drop table figures", timeout=10).raise_for_status()


def test_a_leak_into_a_log_is_found(session, two):
    world, ids = two
    log = world.addresses.log_dir / "backend.log"
    with log.open("a") as file:
        file.write(json.dumps({"event": "run done", "tenant_id": ids["tenant"], "title": ids["foreign"]}) + "\n")
    leak(session, world, "the log of backend (run done)")


def test_a_leak_to_the_partner_is_found(session, two):
    world, ids = two
    trace = new_trace_id()
    headers = {"traceparent": traceparent(trace)}
    requests.get(f"{world.addresses.partner_url}/v1/{ids['foreign']}", headers=headers, timeout=5)
    leak(session, world, "the partner's request log")


# -- the books oracle ------------------------------------------------------------------------------------------------


def test_everything_that_customers_write_is_read_back(session, world):
    acme, ben, borealis = (world.users.settle(world.users[name]) for name in ("Acme", "Ben of Acme", "Borealis"))
    platform = world.platform
    for user in (acme, ben, borealis):
        first, second = (platform.create_thread(user, f"The {nth} of {user}").require().id for nth in ("1st", "2nd"))
        sent = [platform.post_message(user, first, f"Message {n}").require().id for n in range(9)]
        platform.move_messages(user, first, second, sent[2:4]).require()
        platform.rename_thread(user, second, "Renamed").require()
        platform.delete_thread(user, platform.create_thread(user, "Short-lived").require().id).require()
    platform.set_allowance(acme, "100.5").require()
    for user, amount in ((acme, "10"), (ben, "0.25"), (acme, "3.75")):
        platform.book_expense(user, amount, "Pencils").require()
    assert not platform.book_expense(ben, "99", "A castle").done
    platform.change_budget(acme, platform.allot(acme, "Marketing", "20").require().id, "30").require()
    before = len(world.evidence.answers)
    assert findings(session, world) == []
    asked = [answer.path for answer in world.evidence.answers[before:]]
    for path in ("/v1/threads", "/v1/allowance/expenses", "/v1/budgets", "/v1/allowance", "/v1/members"):
        assert path in asked


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("update threads set title = 'Stolen' where title = 'Mine'", "with 'Stolen' instead of 'Mine'"),
        ("update messages set created_at = now() where content = 'First'", "before"),
        ("delete from messages where content = 'Last'", "lacks"),
        ("update messages set content = 'Changed' where content = 'Last'", "with 'Changed' instead of 'Last'"),
        ("update allowances set spent = spent + 0.01", "'s statement says spent 5.01, booked is 5"),
        ("delete from expenses", "lacks"),
    ],
)
def test_what_is_read_otherwise_than_it_was_written_is_found(session, world, statement, found):
    acme = world.users.settle(world.users["Acme"])
    thread = world.platform.create_thread(acme, "Mine").require().id
    for text in ("First", "Second", "Last"):
        world.platform.post_message(acme, thread, text).require()
    world.platform.set_allowance(acme, "50").require()
    world.platform.book_expense(acme, "5", "Pencils").require()
    assert findings(session, world) == []
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute("select set_config('app.tenant_id', %s, true)", [acme.tenant.id])
        assert connection.execute(statement).rowcount == 1
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        client.flushdb()  # nothing is answered from a cache
    aftermath = session.finish(world)
    spoiled = [str(finding) for finding in aftermath.findings if finding.oracle == "books oracle"]
    assert len(spoiled) == 1
    assert found in spoiled[0]
    assert aftermath.verdict is Verdict.VIOLATED


def test_what_is_written_past_the_books_is_not_judged(session, world):
    acme = world.users.settle(world.users["Acme"])
    world.platform.create_thread(acme, "Mine").require()
    world.platform.request(acme, "POST", "/v1/threads", json={"title": "By hand"})
    assert not world.books.is_open
    assert findings(session, world) == []


# -- the resources oracle --------------------------------------------------------------------------------------------


def test_a_key_that_never_expires_is_found_once(session, world):
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        client.set("cache:kept", "for ever")
        try:
            assert findings(session, world) == ["resources oracle: the key cache:kept of the cache never expires"]
            assert findings(session, world) == []
        finally:
            client.delete("cache:kept")


def test_a_connection_that_stays_is_found(session, world):
    acme = world.users.settle(world.users["Acme"])
    left = EventCapture(world.transport(acme), world.platform.dialect, lambda: acme.access_token)
    left.connect()
    try:
        assert findings(session, world) == ["resources oracle: 1 live connections are counted, 0 before"]
    finally:
        left.close()
    assert findings(session, world) == []


# -- the story oracle ------------------------------------------------------------------------------------------------


def test_an_event_that_was_lost_is_missed(session, world):
    acme = world.users.settle(world.users["Acme"])
    planting.usage(world, acme.tenant)
    run = world.running(acme, "usage_report")
    world.ended()
    with redis.Redis.from_url(world.addresses.redis_url, decode_responses=True) as client:
        stream = f"events:{acme.id}"
        entries = eventually(lambda: client.xrange(stream), lambda seen: "agent_completed" in str(seen[-1:]), within=5)
        thinking = next(id for id, entry in entries if "agent_thinking" in entry["event"])
        client.xdel(stream, thinking)
    aftermath = session.finish(world)
    (found,) = map(str, aftermath.findings)
    assert found.startswith(f"story oracle: run {run.run_id} (completed): agent_thinking is missing")
    assert aftermath.verdict is Verdict.VIOLATED


def test_a_scenario_that_breaks_stories_itself_says_so(session, world):
    acme = world.users.settle(world.users["Acme"])
    planting.usage(world, acme.tenant)
    world.running(acme, "usage_report")
    world.ended()
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        client.delete(f"events:{acme.id}")
    world.breaks_stories("the stream was thrown away")
    assert findings(session, world) == []


@pytest.mark.parametrize("is_held_up", [False, True])
def test_an_event_that_came_late_is_found_unless_it_was_held_up(session, monkeypatch, is_held_up):
    monkeypatch.setattr(examination, "_LATE_EVENT", 0.0)
    world = session.begin(replace(SUBJECT, tags=("gate",)))
    acme = world.users.settle(world.users["Acme"])
    planting.usage(world, acme.tenant)
    capture = world.watch(acme)
    run = world.running(acme, "usage_report")
    capture.wait_for_end(run, within=5)
    if is_held_up:
        world.holds_up("whatever comes is late")
    late = [found for found in map(str, findings(session, world)) if "after it happened" in found]
    assert len(late) == (0 if is_held_up else 1)


def test_what_one_scenario_destroyed_on_purpose_is_not_a_later_ones(session, world):
    world.running(world.users.operator, "usage_report")
    world.ended()
    assert findings(session, world) == []
    with redis.Redis.from_url(world.addresses.redis_url) as client:
        client.delete(f"events:{world.users.operator.id}")
    later = session.begin(SUBJECT)
    later.running(later.users.operator, "usage_report")
    later.ended()
    assert findings(session, later) == []


def test_a_run_that_still_runs_is_ended_first(session, world):
    acme = world.users.settle(world.users["Acme"])
    planting.own_cloud(world, acme.tenant)
    world.partner.hold("/v1/prices")
    run = world.running(acme, "cost_analysis")
    assert findings(session, world) == []
    with psycopg.connect(world.addresses.postgres_observer_url) as connection:
        row = connection.execute("select status from runs where id = %s", [run.run_id]).fetchone()
    assert row is not None
    assert row[0] in ("cancelled", "completed")


def test_an_outbox_row_that_cannot_be_delivered_holds_up_no_other(session, world):
    acme = world.users.settle(world.users["Acme"])
    planting.usage(world, acme.tenant)
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute("select set_config('app.tenant_id', %s, true)", [acme.tenant.id])
        connection.execute(
            "insert into outbox (tenant_id, topic, payload) values (%s, 'events', %s)",
            [acme.tenant.id, json.dumps({"type": "of an older release"})],
        )
    watching = world.watch(acme)
    run = world.running(acme, "usage_report")
    watching.wait_for_end(run, within=20)
    assert findings(session, world) == []


def test_a_spare_instance_starts_on_demand_like_its_twin_and_ends_with_the_scenario(session, world):
    assert _state(world, "backend-2") == "waiting"
    world.stack.restart("backend", extra_args=["--catalogue", "defects", "--defect", "WSE-02a"])
    try:
        world.faults.start_spare("backend-2")
        health = requests.get(f"{world.addresses.spare_backend_url}/health/ready", timeout=5).json()
        assert (health["instance"], health["defects"]) == ("backend-2", ["WSE-02a"])
        assert findings(session, world) == []
        assert _state(world, "backend-2") == "stopped"
    finally:
        world.stack.restart("backend", extra_args=[])


@pytest.mark.parametrize("end", [Faults.lose, Faults.shut_down])
def test_a_spare_instance_that_has_ended_is_not_started_again(session, world, end):
    world.faults.start_spare("tools-2")
    before = world.faults.processes()
    end(world.faults, "tools-2")
    assert _state(world, "tools-2") in ("killed", "stopped")
    assert findings(session, world) == []
    assert _state(world, "tools-2") in ("killed", "stopped")
    assert world.faults.processes() == before


def test_a_service_that_was_shut_down_is_started_again(session, world):
    before = world.faults.processes()
    world.faults.shut_down("tools-1")
    assert _state(world, "tools-1") == "stopped"
    assert findings(session, world) == []
    after = world.faults.processes()
    assert {name for name, process in after.items() if process != before[name]} == {"tools-1"}


def _state(world: World, service: str) -> str:
    return next(status.state for status in world.stack.services() if status.name == service)


def _fail() -> None:
    raise OSError("it is stuck")


class _Broken(type(equal_to(1))):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(1)

    def _matches(self, item: object) -> bool:
        raise TypeError("this cannot be compared")


@pytest.mark.parametrize(
    "fault",
    [
        lambda faults: faults.lose("backend"),
        lambda faults: faults.lose("tools-2"),
        lambda faults: faults.shut_down("backend"),
        lambda faults: faults.lose_data(),
        lambda faults: faults.freeze("backend"),
        lambda faults: faults.cut_off("backend"),
        lambda faults: faults.lose_responses("tools-1"),
        lambda faults: faults.reset_connections("backend"),
    ],
)
def test_what_everybody_would_feel_takes_a_scenario_of_its_own(session: Session, fault: Callable[[Faults], None]):
    shared = session.begin(replace(SUBJECT, tags=("gate",)))
    with pytest.raises(NotShown, match="tag the scenario @exclusive"):
        fault(shared.faults)
    assert findings(session, shared) == []


def test_the_sessions_of_the_services_are_ended_and_no_other(session, world):
    acme = world.users.settle(world.users["Acme"])
    with opened.as_owner(world, autocommit=True) as other:
        before = sessions.of_services(world)
        sessions.end_all(world)
        assert other.execute("select 1").fetchone() == (1,)
    assert before
    assert world.platform.threads(acme).done
    assert findings(session, world) == []
