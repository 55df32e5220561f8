"""What customers and operators see of a changed setting, without looking at the configuration itself."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from hamcrest import less_than_or_equal_to
from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.matcher import Matcher

from support.api.rate_limits import ask_for_jobs
from support.configuration.draft import Draft, facts
from support.configuration.running import RELOAD, change, reported
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.matchers.faultless import faultless, is_just
from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, Caller
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.platform.runs import RunStatus
from support.platform.target import kind_of
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold
from support.stores.logs import ServiceLogs

_ASKED_AT_ONCE, _PAGES_EACH, _ASKED_BY_EACH = 20, 5, 12
_SESSIONS = "select count(*) from pg_stat_activity where application_name = any(%s)"
_SOME_ROUNDS, _ASKED_MEANWHILE, _THOUGHTS = 5, 1_000, 20
ASKED_AFTERWARDS = 10
"""So often each member of a crowd at work still asks when the change is everywhere."""


# -- rate limits ------------------------------------------------------------------------------------------------------


def limits_named(world: World, user: User) -> Mapping[str, object]:
    """The limit that each service names when it refuses the user; None where it does not refuse one request of many."""
    return {name: _limit_named(ask) for name, ask in asks(world, user).items()}


def asks(world: World, who: Caller) -> Mapping[str, Callable[[], Outcome]]:
    """A request to each service that looks at a caller's access token."""
    return {
        "auth": lambda: world.platform.me(who),
        "backend": lambda: world.platform.agents(who),
        "analytics": lambda: ask_for_jobs(world, who).answer,
    }


def _limit_named(ask: Callable[[], Outcome]) -> object:
    for _ in range(_ASKED_BY_EACH):
        answer = ask()
        if answer.meaning is Meaning.RATE_LIMITED and answer.problem is not None:
            return answer.problem.extra.get("limit")
    return None


def new_limit_everywhere(world: World) -> BaseMatcher[Mapping[str, object]]:
    """Every service names the changed limit."""
    limit = facts(world).settings["rate limit of the Free plan"].other
    return is_just(dict.fromkeys(("auth", "backend", "analytics"), limit), f"{limit} at every service")


# -- logs -------------------------------------------------------------------------------------------------------------


def writing(world: World, user: User) -> frozenset[str]:
    """Which kinds of services write lines of information while the user works with all of them."""
    logs = ServiceLogs(world.addresses.log_dir)
    run = world.running(user, agents.PROBE, input=agents.fetching(own_path(user)))
    world.ended(run)
    for ask in (world.platform.me, world.platform.agents):
        ask(user).require()
    ask_for_jobs(world, user)
    lines = [line for line in logs.new_lines() if line.service in world.target.instances]
    return frozenset(kind_of(line.service) for line in lines if line.fields.get("level") == "info")


KINDS = frozenset({"auth", "backend", "worker", "tools", "analytics"})


# -- capacity ---------------------------------------------------------------------------------------------------------


def status_of_last_run(world: World, user: User) -> RunStatus:
    """How the user's last run reads."""
    return world.stored(world.run_of(user)).status


# -- the database's pool ----------------------------------------------------------------------------------------------


def most_sessions(world: World, user: User) -> int:
    """The largest number of sessions of the backend that a server of the database had while many asked at once."""
    seen: list[int] = []
    backend = world.target.part(Component.API).service
    pools = [backend, f"{backend} reader"]

    with ExitStack() as stack:
        servers = [stack.enter_context(opened.as_observer(world, autocommit=True))]
        if world.addresses.replica_observer_url:
            servers.append(stack.enter_context(opened.on_replica(world, autocommit=True)))

        def look() -> int:
            rows = [server.execute(_SESSIONS, [pools]).fetchone() for server in servers]
            seen.append(max(int(row[0]) if row else 0 for row in rows))
            return seen[-1]

        crowd = HttpCrowd(world, {str(n): [CrowdRequest(user, _read)] * _PAGES_EACH for n in range(_ASKED_AT_ONCE)})
        answers = world.holds_while(look, less_than_or_equal_to(1000), crowd.answers, "database sessions are counted")
    world.keep(CrowdAnswers([answer for _, answer in answers]))
    return max(seen)


@dataclass(frozen=True, slots=True)
class CrowdAnswers:
    """What a crowd was answered."""

    answers: Sequence[Outcome]


def _read(platform: HttpDriver, user: User) -> Outcome:
    return platform.threads(user)


def pool_in_use(world: World, user: User) -> int:
    """See that many at once use more than two sessions, before the pool is made smaller.

    :raises NotShown: they do not, so a smaller pool would change nothing.
    """
    most = most_sessions(world, user)
    if most <= 2:
        raise NotShown(f"many requests at once used {most} database sessions")
    return most


# -- without interruption ---------------------------------------------------------------------------------------------


def change_while_used(world: World) -> None:
    """Everybody asks without a pause, and has an agent work, while the operator changes what can be changed.

    A transaction of one of them waits in the database during the first changes.
    """
    people = world.users.customers
    first = people[0]
    thread = world.platform.create_thread(first, "Soon deleted").require()
    hold = Hold(world).rows(first.tenant, "threads")
    crowd = crowd_at_work(world, people)
    with ThreadPoolExecutor(1) as alone:
        waits = alone.submit(world.platform.delete_thread, Anyone(first.access_token), thread.id)
        hold.wait_for(1)
        for number in range(_SOME_ROUNDS):
            change(world, partial(_tune, number))
            world.eventually(
                lambda name=f"round-{number}": {said.version for said in reported(world).values()} - {name},  # type: ignore[misc]
                is_just(set()),
                RELOAD,
                "services without the changed configuration",
            )
            if number == 1:
                # By then everything was changed: the first values may be those that were deployed.
                hold.release()
        answers = [*work_again(world, people), waits.result()]
    world.keep(CrowdAnswers([*answers, *(answer for _, answer in crowd.answers(ASKED_AFTERWARDS))]))


def crowd_at_work(world: World, people: Sequence[User]) -> HttpCrowd:
    """Everybody asks again and again, without a pause, and has an agent work."""
    asking = {user.alias: [CrowdRequest(user, _read, pause=0.02)] * _ASKED_MEANWHILE for user in people}
    crowd = HttpCrowd(world, asking)
    for user in people:
        world.running(user, agents.PROBE, input=agents.talkative(_THOUGHTS))
    return crowd


def work_again(world: World, people: Sequence[User]) -> list[Outcome]:
    """Everybody has an agent work once more, to its end; how each request for that was answered."""
    answers, runs = [], []
    for user in people:
        runs.append(world.start_run(user, agents.PROBE, input=agents.talkative(_THOUGHTS)))
        answers.append(world.last_outcome)
    for run in runs:
        if run is not None:
            world.ended(run)
    return answers


def _tune(number: int, draft: Draft) -> None:
    """Change something of everything that can be changed; nothing that anybody would be refused for."""
    draft.set("version", f"round-{number}")
    for key, values in draft.facts.tuning.items():
        draft.set(key, values[number % len(values)])


def at_most(count: int) -> Matcher[int]:
    """No more sessions were used than that."""
    return less_than_or_equal_to(count)


def all_succeed() -> BaseMatcher[Sequence[Outcome]]:
    """There were requests, and every one succeeded."""

    def faults_of(answers: Sequence[Outcome]) -> list[str]:
        if not answers:
            raise NotShown("nobody has asked for anything")
        return [str(answer) for answer in answers if not answer.done]

    return faultless("every request succeeds", faults_of)
