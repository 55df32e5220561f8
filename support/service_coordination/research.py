"""Research jobs: an agent has tools ask the partner about topics that no other job asks about.

A job has tasks, which are tool calls side by side; a task has topics, which are paths at the partner.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock
from typing import Any

from hamcrest.core.matcher import Matcher

from support.matchers.faultless import differences, faultless
from support.platform.capabilities import Capability
from support.scenario import agents
from support.scenario.partner import PartnerCall
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World

# How long the partner takes where jobs are to run side by side, in seconds.
_ANSWER_SECONDS = 0.05

Tasks = Sequence[Sequence[str]]
"""The topics of each task of a job."""


@dataclass(frozen=True, slots=True)
class JobTasks:
    """The tasks of each research job, by its run ID."""

    tasks_of: dict[str, Tasks] = field(default_factory=dict)


_keeping_tasks = Lock()


def start(
    world: World, user: User, tasks: int, topics: int, *, answered: int | None = None, trace_id: str | None = None
) -> RunHandle:
    """Start a job of that many tasks side by side, each with that many topics.

    :param answered: how many topics of each task the partner answers before :func:`release`; None: all of them.
    :param trace_id: None: one of its own.
    """
    own = f"/{user.tenant.name}/{user.tenant.marker}/{secrets.token_hex(4)}"
    assigned = [[f"{own}/{task}-{topic}" for topic in range(topics)] for task in range(tasks)]
    held_from = topics if answered is None else answered
    for task in assigned:
        for topic in task[:held_from]:
            world.partner.delay(topic, _ANSWER_SECONDS)
        for topic in task[held_from:]:
            world.partner.hold(topic)
    run = world.running(user, agents.PROBE, input=agents.researching(assigned), trace_id=trace_id)
    with _keeping_tasks:  # customers may start jobs at the same time
        _job_tasks(world).tasks_of[run.run_id] = assigned
    return run


def of(tasks: int, topics: int, *, answered: int | None = None) -> Work:
    """The same as work that a sentence names."""
    return lambda world, user: start(world, user, tasks, topics, answered=answered)


def release(world: World, runs: Sequence[RunHandle]) -> None:
    """Have the partner answer what it holds back of these jobs, and all that they ask from now on."""
    for topic in chain.from_iterable(chain.from_iterable(_tasks(world, run) for run in runs)):
        world.partner.delay(topic, _ANSWER_SECONDS)


def topics_of(world: World, run: RunHandle) -> Sequence[str]:
    """The topics of a job with a single task, in their order."""
    (topics,) = _tasks(world, run)
    return topics


def requests_of(world: World, runs: Sequence[RunHandle]) -> list[tuple[str, PartnerCall]]:
    """The partner's requests for topics of these jobs, each with the job's run ID."""
    asking = {topic: run.run_id for run in runs for topic in chain.from_iterable(_tasks(world, run))}
    return [(asking[call.path], call) for call in world.partner.all_calls() if call.path in asking]


def _job_tasks(world: World) -> JobTasks:
    return world.kept_or(JobTasks, JobTasks)


def _tasks(world: World, run: RunHandle) -> Tasks:
    return _job_tasks(world).tasks_of[run.run_id]


# -- judging ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobResult:
    """A job that has ended: what it had to find out, the results it returned, and every request for its topics.

    ``trace_id``: what the requests must bear; None where the platform tells partners nothing of itself.
    """

    run_id: str
    trace_id: str | None
    tasks: Tasks
    results: Any
    requests: Sequence[PartnerCall] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        """What is wrong; empty when it returned all results, and the partner answered each of its requests once."""
        found = list(differences(self.tasks, self.results, "its results"))
        answered = [request for request in self.requests if request.answered_at is not None]
        by_topic = Counter(request.path for request in answered)
        expected = list(chain.from_iterable(self.tasks))
        found += [f"{topic} was answered {by_topic[topic]} times" for topic in expected if by_topic[topic] != 1]
        found += self._faults_of_requests(answered, expected) if self.trace_id is not None else []
        return [f"job {self.run_id}: {fault}" for fault in found]

    def _faults_of_requests(self, answered: Sequence[PartnerCall], expected: Sequence[str]) -> list[str]:
        """What is wrong with what the requests say of themselves: the key of their call, and their trace."""
        by_key = Counter(request.idempotency_key for request in answered)
        found = [f"the key {key} was answered {times} times" for key, times in by_key.items() if times > 1 or not key]
        keys = {(request.path, request.idempotency_key) for request in self.requests}
        found += [
            f"{topic} was asked for under several keys"
            for topic in expected
            if [path for path, _ in keys].count(topic) > 1
        ]
        foreign = {request.trace_id for request in self.requests} - {self.trace_id}
        return [*found, *(f"a request had the trace {trace}, not {self.trace_id}" for trace in sorted(foreign))]


def results(world: World) -> list[JobResult]:
    """The result of every job, once all have ended."""
    requests = requests_of(world, world.runs)
    passes_traces = Capability.TRACES in world.target.capabilities
    return [
        JobResult(
            run_id=run.run_id,
            trace_id=run.trace_id if passes_traces else None,
            tasks=_tasks(world, run),
            results=world.ended(run).part("results"),
            requests=[request for asking, request in requests if asking == run.run_id],
        )
        for run in world.runs
    ]


def have_their_own_results(at_least: int = 1) -> Matcher[Sequence[JobResult]]:
    """Every job returned the results of its own topics, and the partner has answered each of its requests once."""

    def faults(jobs: Sequence[JobResult]) -> list[str]:
        missing = [f"there were only {len(jobs)} jobs"] if len(jobs) < at_least else []
        return missing + [fault for job in jobs for fault in job.faults]

    return faultless(f"at least {at_least} jobs with their own results, every request answered once", faults)
