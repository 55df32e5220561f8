"""What every driver promises, whatever its platform: outcomes as values, nothing healed and nothing guessed.

Against the real platform of each target that stands here.
"""

import inspect
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.matchers.story import story_faults
from support.platform import values
from support.platform.capabilities import Capability
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, Driver, Lacking, NewAccount
from support.platform.events import EventCapture
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunStatus
from support.platform.target import FOLDER, Target
from support.scenario import agents
from support.scenario.verdict import NotShown
from support.scenario.waiting import wait_for
from support.settings import CHECKOUT
from support.spoiling.entries import catalogue
from support.stack.client import Stack, StackOptions
from support.target_environment import python_of_target
from tests.servers import ApiServer

TARGETS = sorted(file.parent.name for file in FOLDER.glob("*/target.toml"))
WITHIN = 30.0
NOBODY_LISTENS = "http://127.0.0.1:9"
EXAMPLES: dict[str, Any] = {"message_ids": ["m1"], "records": [], "input": {"steps": []}, "path": "/a", "timeout": 5.0}
"""Arguments of verbs that are no text."""
NO_REQUEST = {"provide", "log_in"}
"""Verbs that may make what they give themselves, without asking the platform."""
Spoil = Callable[[str], None]
SEVERAL_REQUESTS = {"documents", "transport", "version", "further_resources"}
OF_ITS_OWN = {"agentos": {"start_run", "runs", "set_cloud_account", "store_usage"}}
"""Verbs for which a platform needs more than one request."""


def verbs() -> dict[str, Any]:
    """The verbs of the port, by their names."""
    return {name: verb for name, verb in vars(Driver).items() if inspect.isfunction(verb)}


def example(name: str, driver: HttpDriver) -> Outcome:
    """Ask with a verb, whatever its arguments."""
    verb = getattr(driver, name)
    given: dict[str, Any] = {}
    for parameter in inspect.signature(getattr(Driver, name)).parameters.values():
        if parameter.name in ("who", "operator"):
            given[parameter.name] = Anyone("a-token")
        elif parameter.name in ("instance", "url") and parameter.default is parameter.empty:
            given[parameter.name] = driver.services[driver.api]
        elif parameter.name == "account":
            given["account"] = NewAccount("Acme", "a@acme.example", "a-password", "Acme", "mid", "owner")
        elif (
            parameter.kind is not parameter.VAR_KEYWORD
            and parameter.default is parameter.empty
            and parameter.name != "self"
        ):
            given[parameter.name] = EXAMPLES.get(parameter.name, "a-text")
    found: Outcome = verb(**given)
    return found


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> Target:
    found = Target.load(request.param)
    if (found.folder / "requirements.txt").exists() and python_of_target(found.folder) is None:
        pytest.skip(f"{found.name} has no environment here; bin/stack up -D target={found.name} makes it")
    return found


@pytest.fixture(scope="module")
def stack(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = StackOptions(checkout=CHECKOUT, log_dir=tmp_path_factory.mktemp("logs"), target=target.name)
    with Stack.start(options, lambda line: None) as started:
        yield started


@pytest.fixture
def heard() -> list[Outcome]:
    """What the driver has recorded."""
    return []


@pytest.fixture
def platform(target: Target, stack: Stack, heard: list[Outcome]) -> HttpDriver:
    return target.driver(stack.addresses, heard.append)


@pytest.fixture
def spoil(target: Target, stack: Stack) -> Iterator[Callable[[str], None]]:
    """Spoils what the platform says over new connections; "" for nothing."""
    if not (target.folder / "wire.toml").exists():
        pytest.skip(f"targets/{target.name}/wire.toml does not say yet how its answers are read")

    def spoiled(id: str) -> None:
        if id and catalogue()[id].on(target.name) is None:
            pytest.skip(f"{id} cannot be shown on {target.name}")
        stack.spoil(id)

    yield spoiled
    stack.spoil("")


@pytest.fixture
def elsewhere(target: Target, stack: Stack, heard: list[Outcome], api: ApiServer) -> HttpDriver:
    """A driver that asks a server which answers as it is told to."""
    driver = target.driver(stack.addresses, heard.append)
    driver.services = dict.fromkeys(driver.services, api.url)
    return driver


def somebody(platform: HttpDriver) -> Anyone:
    mark = uuid.uuid4().hex[:12]
    email, password = f"owner@{mark}.example", f"pw-{uuid.uuid4().hex}"
    account = NewAccount(f"Acme {mark}", email, password, "Acme", "enterprise", "owner")
    assert isinstance(platform.provide(Anyone(), account).require(), values.Account)
    return Anyone(platform.log_in(Anyone(), email=email, password=password).require().access_token)


@pytest.fixture
def customer(platform: HttpDriver) -> Anyone:
    return somebody(platform)


def started(platform: HttpDriver, customer: Anyone, script: agents.Script) -> Run:
    run = platform.start_run(customer, agents.PROBE, input=script).require()
    assert isinstance(run, Run)
    return run


def ended(platform: HttpDriver, customer: Anyone, run: Run) -> Run:
    read = wait_for(
        lambda: platform.run(customer, run.id), lambda seen: seen.done and seen.value.status.is_end, WITHIN, "the end"
    )
    found: Run = read.value.value
    return found


def watched(platform: HttpDriver, customer: Anyone, script: agents.Script) -> tuple[Run, EventCapture]:
    """A run of the script, and what its owner has received of it."""
    capture = EventCapture(platform.transport(), platform.dialect, lambda: customer.access_token, name="a customer")
    assert capture.connect().accepted
    run = started(platform, customer, script)
    capture.follow(run.id, run.request.thread_id)
    capture.wait_for_end(run.id, within=WITHIN)
    return run, capture


# -- the platform as it is ----------------------------------------------------------------------------------------


def test_a_conversation_is_a_normalised_value(platform: HttpDriver, customer: Anyone):
    created = platform.create_thread(customer, "Costs of May").require()
    assert isinstance(created, values.Thread)
    assert (created.id, created.title) == (platform.thread(customer, created.id).require().id, "Costs of May")
    later = platform.create_thread(customer, "Costs of June").require()
    page = platform.threads(customer).require()
    assert isinstance(page, values.Page)
    # In which order is for the scenarios to judge.
    assert {each.id for each in page.items} == {later.id, created.id}


def test_messages_come_oldest_first(target: Target, platform: HttpDriver, customer: Anyone):
    if Capability.MESSAGES not in target.capabilities:
        pytest.skip(f"{target.name} has no {Capability.MESSAGES.value}")
    thread = platform.create_thread(customer, "Costs").require()
    for content in (" one ", "zwei 🚀"):
        posted = platform.post_message(customer, thread.id, content).require()
        assert (posted.role, posted.content) == ("user", content)
    read = platform.messages(customer, thread.id).require().items
    assert [(type(each), each.role, each.content) for each in read] == [
        (values.Message, "user", " one "),
        (values.Message, "user", "zwei 🚀"),
    ]


def test_a_run_is_a_normalised_value(platform: HttpDriver, customer: Anyone):
    kept = {"money": "0.10", "text": "Straße 🚀", "nested": [None, {"a": ""}]}
    run = started(platform, customer, agents.keeping(kept))
    assert isinstance(run.status, RunStatus)
    read = ended(platform, customer, run)
    assert (read.id, read.request.thread_id) == (run.id, run.request.thread_id)
    assert (read.status, read.part("kept"), read.error) == (RunStatus.COMPLETED, kept, None)
    assert read.request.input == agents.keeping(kept)
    assert [each.id for each in platform.runs(customer).require().items] == [run.id]
    failed = ended(platform, customer, started(platform, customer, agents.crashing()))
    assert (failed.status, failed.error_code) == (RunStatus.FAILED, "agent_failed")


def test_every_agent_of_the_scripts_is_there(platform: HttpDriver, customer: Anyone):
    assert agents.PROBE in {agent.name for agent in platform.agents(customer).require().items}


def test_what_never_existed_is_not_found_and_so_is_what_is_another_s(platform: HttpDriver, customer: Anyone):
    thread = platform.create_thread(customer, "Costs").require()
    run = started(platform, customer, agents.keeping({}))
    ended(platform, customer, run)
    outsider, unknown = somebody(platform), str(uuid.uuid4())
    for asked in (
        platform.thread(customer, unknown),
        platform.run(customer, unknown),
        platform.thread(outsider, thread.id),
        platform.run(outsider, run.id),
    ):
        assert asked.meaning is Meaning.NOT_FOUND, str(asked)
        assert asked.problem is not None
        with pytest.raises(NotShown):
            asked.require()
    assert (platform.threads(outsider).require().items, platform.runs(outsider).require().items) == ([], [])


def test_an_unknown_agent_is_refused_as_one(platform: HttpDriver, customer: Anyone):
    refused = platform.start_run(customer, "no_such_agent")
    assert not refused.done
    assert refused.problem is not None
    assert refused.problem.code == "unknown_agent"


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_without_a_valid_token_nothing_is_answered(platform: HttpDriver, token: str | None):
    refused = platform.threads(Anyone(token))
    assert refused.meaning is Meaning.UNAUTHENTICATED
    assert refused.problem is not None


def test_the_events_of_a_run_are_a_whole_story(target: Target, platform: HttpDriver, customer: Anyone):
    if Capability.LIVE_EVENTS not in target.capabilities:
        pytest.skip(f"{target.name} has no {Capability.LIVE_EVENTS.value}")
    run, capture = watched(platform, customer, agents.calling(agents.call("probe_fail", message="no")))
    told = capture.of(run.id)
    assert (told[0].type, told[-1].is_end) == ("agent_started", True)
    assert {"tool_executing", "tool_completed"} <= {event.type for event in told}
    assert (capture.malformed, [event for event in capture.events if event.run_id != run.id]) == ([], [])
    capture.close()


def test_it_lives(platform: HttpDriver):
    assert platform.is_alive(Anyone()).done


# -- the driver, whatever the platform says --------------------------------------------------------------------------


def test_each_verb_of_what_the_platform_has_is_there_and_no_other(target: Target, platform: HttpDriver):
    for name, verb in verbs().items():
        capability = getattr(verb, "capability", None)
        if capability is None or capability in target.capabilities:
            assert getattr(target.driver_class, name) is not verb, f"{name} is missing"
        elif getattr(target.driver_class, name) is verb:
            with pytest.raises(Lacking, match=re.escape(capability.value)):
                example(name, platform)


def asked_with_each_verb(target: Target) -> list[str]:
    own = {name for name, verb in verbs().items() if getattr(target.driver_class, name) is not verb}
    return sorted(own - NO_REQUEST - SEVERAL_REQUESTS - OF_ITS_OWN.get(target.name, set()))


@pytest.mark.parametrize(("status", "done"), [(200, True), (503, False), (404, False), (500, False)])
def test_each_verb_sends_one_request_and_gives_what_came(
    target: Target, elsewhere: HttpDriver, heard: list[Outcome], api: ApiServer, status: int, done: bool
):
    api.answer = lambda asked: (status, {}, "strange")
    for name in asked_with_each_verb(target):
        api.asked.clear()
        heard.clear()
        outcome = example(name, elsewhere)
        assert len(api.asked) == 1 == len(heard), f"{name}: {api.asked}"
        assert (outcome.status, outcome.done) == (status, done), name
        if not done:
            with pytest.raises(NotShown):
                outcome.require()


def test_an_answer_that_makes_no_sense_is_not_guessed_at(target: Target, elsewhere: HttpDriver, api: ApiServer):
    api.answer = lambda asked: (200, {}, "strange")
    customer = Anyone("a-token")
    for asked in (elsewhere.thread(customer, "t"), elsewhere.run(customer, "r"), elsewhere.threads(customer)):
        with pytest.raises(AssertionError):
            _ = asked.value


def test_a_broken_connection_is_a_value(target: Target, elsewhere: HttpDriver, heard: list[Outcome]):
    elsewhere.services = dict.fromkeys(elsewhere.services, NOBODY_LISTENS)
    for name in asked_with_each_verb(target):
        heard.clear()
        outcome = example(name, elsewhere)
        assert (outcome.status, outcome.done, len(heard)) == (None, False, 1), name
        assert outcome.error


def test_what_is_shown_of_it_contains_no_secret(stack: Stack, platform: HttpDriver, heard: list[Outcome]):
    email, password = f"owner@{uuid.uuid4().hex[:12]}.example", f"pw-{uuid.uuid4().hex}"
    account = NewAccount("Acme", email, password, "Acme", "enterprise", "owner")
    platform.provide(Anyone(), account).require()
    opened = platform.log_in(Anyone(), email=email, password=password)
    session = opened.require()
    platform.threads(Anyone(session.access_token)).require()
    shown = " ".join(map(repr, (platform, account, opened, session, Anyone(session.access_token), *heard)))
    shown += " ".join(map(str, heard))
    secrets = [password, session.access_token, session.refresh_token, stack.addresses.signing_key]
    assert [secret for secret in secrets if secret and secret in shown] == []


# -- answers and events that are spoiled on their way ------------------------------------------------------------------


def test_what_passes_through_what_could_spoil_it_is_the_same(stack: Stack, spoil: Spoil, platform: HttpDriver):
    spoil("")
    customer = somebody(platform)
    run = started(platform, customer, agents.keeping({"text": "Straße 🚀"}))
    ended(platform, customer, run)
    through = platform.run(customer, run.id)
    direct = platform.request(customer, through.method, through.path, service=stack.addresses.backend_direct_url)
    assert (through.status, through.text) == (direct.status, direct.text)


def test_a_spoiled_refusal_is_what_was_answered(spoil: Spoil, platform: HttpDriver, heard: list[Outcome]):
    unknown = str(uuid.uuid4())
    spoil("API-06.2")
    customer = somebody(platform)
    heard.clear()
    assert platform.run(customer, unknown).meaning is Meaning.FAILED
    spoil("API-06.1")
    customer = somebody(platform)
    run = started(platform, customer, agents.keeping({}))
    heard.clear()
    assert platform.run(customer, unknown).require().id == run.id
    assert len(heard) == 1


def test_spoiled_messages_are_what_was_answered(target: Target, spoil: Spoil, platform: HttpDriver):
    if Capability.MESSAGES not in target.capabilities:
        pytest.skip(f"{target.name} has no {Capability.MESSAGES.value}")
    for id, expected in (("DBL-02.2", ["one", "two", "two"]), ("DBL-02.3", ["two", "one"]), ("DBL-02.1", ["one"])):
        spoil(id)
        customer = somebody(platform)
        thread = platform.create_thread(customer, "Costs").require()
        for content in ("one", "two"):
            platform.post_message(customer, thread.id, content).require()
        assert [each.content for each in platform.messages(customer, thread.id).require().items] == expected


def test_a_cancellation_that_is_only_answered_is_seen_as_one(target: Target, spoil: Spoil, platform: HttpDriver):
    if Capability.CANCELLATION not in target.capabilities:
        pytest.skip(f"{target.name} has no {Capability.CANCELLATION.value}")
    spoil("AEC-11.1")
    customer = somebody(platform)
    run = started(platform, customer, agents.talkative(300))
    answered = platform.cancel_run(customer, run.id).require().status
    assert answered in (RunStatus.CANCELLED, RunStatus.COMPLETED)
    assert ended(platform, customer, run).status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("id", "executing", "completed"), [("AEC-06.1", 1, 0), ("AEC-06.2", 2, 1)], ids=["dropped", "doubled"]
)
def test_spoiled_events_are_what_came(
    target: Target, spoil: Spoil, platform: HttpDriver, id: str, executing: int, completed: int
):
    if Capability.LIVE_EVENTS not in target.capabilities:
        pytest.skip(f"{target.name} has no {Capability.LIVE_EVENTS.value}")
    spoil(id)
    run, capture = watched(platform, somebody(platform), agents.calling(agents.call("probe_fail", message="no")))
    types = [event.type for event in capture.of(run.id)]
    assert (types.count("tool_executing"), types.count("tool_completed")) == (executing, completed)
    assert story_faults(capture.of(run.id)) != []
    capture.close()
