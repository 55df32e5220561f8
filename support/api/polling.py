"""Programs that hold no connection open: they start a run, poll it and read the result."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, call_of, each_call, mismatch
from support.matchers.openapi import are_as_published
from support.platform import openapi
from support.platform.outcome import Outcome
from support.platform.paging import pages
from support.platform.runs import RunStatus
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.world import World


def start_and_poll(world: World, user: User) -> list[Call]:
    """The user starts a usage report, polls it until it ends, and reads its result."""
    platform = world.platform
    answers: list[Outcome] = [platform.agents(user)]
    run = world.running(user, "usage_report")
    answers.append(world.last_outcome)

    def poll() -> Outcome:
        answers.append(platform.run(user, run.run_id))
        return answers[-1]

    waiting.wait_for(
        poll,
        lambda seen: not seen.done or seen.value.status.is_end,
        world.budgets.limit("run ends"),
        f"the end of run {run.run_id}",
    )
    answers += [
        platform.runs(user),
        platform.messages(user, run.thread_id or ""),
        platform.thread(user, run.thread_id or ""),
        platform.threads(user),
    ]
    return _calls(answers)


def make_refused_requests(world: World, user: User) -> list[Call]:
    """The user requests what does not exist, what is invalid and what is not permitted."""
    platform, unknown = world.platform, str(uuid.uuid4())
    return _calls(
        [
            platform.start_run(user, "cost_analysys"),
            platform.run(user, unknown),
            platform.cancel_run(user, unknown),
            platform.create_thread(user, ""),
            platform.operator_connections(user),
        ]
    )


def conform(world: World) -> BaseMatcher[Sequence[Call]]:
    """Method, path, status and body of each call are in one of the published OpenAPI documents."""
    published = are_as_published(list(openapi.documents(world).values()))
    return each_call(
        "every response conforms to the published API reference", lambda call: mismatch(published, [call.answer])
    )


def _calls(answers: list[Outcome]) -> list[Call]:
    return [call_of(answer) for answer in answers]


@dataclass(frozen=True, slots=True)
class RunsByStatus:
    """The status under which each run was listed, by run ID."""

    found: Mapping[str, str]


def runs_by_status(world: World, user: User) -> dict[str, str]:
    """The user's runs as they are listed under one status after the other, one run at a time."""
    found: dict[str, str] = {}
    for status in sorted(set(RunStatus)):
        for answer in pages(partial(world.platform.runs, user), status=str(status), limit=1):
            if not answer.done:
                found[f"the list of those that are {status}"] = str(answer)
                break
            for run in answer.value.items:
                read = world.platform.run(user, run.id).require()
                found[run.id] = str(status) if run.raw == read.raw else f"{status}, otherwise than it reads by itself"
    return found
