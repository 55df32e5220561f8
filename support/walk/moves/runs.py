"""Runs of agents, with every end."""

import json
import random
from functools import partial

from support.agent_execution.computed_answers import expected_answer
from support.platform.dialect import Meaning
from support.platform.paging import pages
from support.platform.runs import Run, RunStatus
from support.scenario import agents, held_runs, planting, waiting
from support.scenario.partner import PRICES, own_path
from support.scenario.world import RunHandle
from support.walk import attempts
from support.walk.people import WORKERS, Ended, Ground, came, one_of
from support.walk.walking import Stumble

DONE, DENIED, UNKNOWN = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.NOT_FOUND
CONFLICT, UNAUTHENTICATED = Meaning.CONFLICT, Meaning.UNAUTHENTICATED

_PAGES = (1, 2, 7, None)
_MORE_USAGE = 0.2
_UNKNOWN_AGENTS = ("no_such_agent", "prob", "probe2", "probe:v9", "Probe", "usage-report", "usage_report/x")
_SLOW = "/slow"
"""What the partner takes a while to answer."""
_FAILS = agents.call("probe_fail", message="Not today.")
_ENDS: dict[str, tuple[agents.Script, str]] = {
    "an agent that thinks five times": (agents.talkative(5), "completed"),
    "an agent that crashes": (agents.crashing(), "failed"),
    "an agent that crashes over a wrong value": (agents.crashing("ValueError"), "failed"),
    "an agent that crashes over a refused connection": (agents.crashing("ConnectionError"), "failed"),
    "an agent that crashes beside a call of its own": (
        agents.beside([{"fetch": _SLOW}], [{"think": "About to crash."}, {"raise": agents.INTERNALS}]),
        "failed",
    ),
    "an agent whose tool breaks": (agents.with_broken_tool(), "failed"),
    "an agent whose tool cannot do it": (agents.with_failing_tool("Not today."), "failed"),
    "an agent that gives up waiting": (agents.script({"time_out": agents.INTERNALS}), "failed"),
    "an agent that goes on after a failed tool": (
        agents.script({"try": _FAILS}),
        "completed",
    ),
    "an agent that ends its process": (agents.exiting(), "failed"),
    "an agent whose answer cannot be stored": (agents.script({"answer": "\\ud800"}), "failed"),
    "an agent one of whose two tools fails": (
        agents.calling_together(_FAILS, agents.call("probe_fetch", path=PRICES)),
        "failed",
    ),
    "an agent that delegates": (
        agents.script({"delegate": {"agent": agents.PROBE, "input": agents.fetching(PRICES)}}),
        "completed",
    ),
    "an agent that follows two lines of work": (agents.beside([{"fetch": PRICES}], [{"try": _FAILS}]), "completed"),
    "an agent that asks for three things at once": (agents.side_by_side(*[PRICES] * 3), "completed"),
}


def runs_an_agent(ground: Ground, choices: random.Random) -> str | None:
    """An agent runs to one of the ends that there are."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    what = choices.choice(sorted(_ENDS))
    script, status = _ENDS[what]
    thread = one_of(choices, [*ground.threads(person), None, None]) if person.role in WORKERS else None
    sentence = f"{person} ({person.role.value}) runs {what}"
    ground.world.partner.delay(_SLOW, 0.3)
    run = ground.world.start_run(person.user, agents.PROBE, input=script, thread_id=thread)
    if person.role not in WORKERS:
        return came(sentence, ground.world.last_outcome, DENIED)
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    has_ended(ground, sentence, run, status)
    return f"{sentence} ({status})"


def reports_on_usage(ground: Ground, choices: random.Random) -> str | None:
    """An agent reports on usage that the suite knows."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    organisation = person.organisation
    if not organisation.has_usage:
        planting.usage(ground.world, organisation.people[0].user.tenant)
        organisation.has_usage = True
        return f"{organisation.alias} stores its usage"
    if choices.random() < _MORE_USAGE:
        planting.more_usage(ground.world, person.user)
        return f"{person} stores more usage of the same days"
    sentence = f"{person} runs a usage report"
    run = ground.world.start_run(person.user, "usage_report")
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    ended = has_ended(ground, sentence, run, "completed")
    expected = expected_answer(ground.world, run)
    if not expected.matches(ended.result):
        raise Stumble(sentence, [f"the answer is {str(ended.result)[:300]}, not {expected}"])
    return sentence


def two_run_at_the_same_time(ground: Ground, choices: random.Random) -> str | None:
    """Two customers have an agent run at the same time."""
    workers = ground.workers()
    if len(workers) < 2:
        return None
    both = choices.sample(workers, 2)
    sentence = f"{both[0]} and {both[1]} run agents at the same time"
    started = [ground.world.start_run(each.user, agents.PROBE, input=agents.talkative(20)) for each in both]
    for run in started:
        if run is None:
            raise Stumble(sentence, [f"one was refused: {ground.world.outcome}"])
        has_ended(ground, sentence, run, "completed")
    return sentence


def cancels(ground: Ground, choices: random.Random) -> str | None:
    """A waiting run is cancelled, twice, after somebody else has tried to; another one of its conversation goes on."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    sentence = f"{person} cancels a run that waits for the partner"
    run = held_runs.waiting_run(ground.world, person.user)
    script = agents.fetching(own_path(person.user))
    beside = ground.world.start_run(person.user, agents.PROBE, input=script, thread_id=run.thread_id)
    outsider = one_of(choices, [each for each in ground.people if each is not person])
    if outsider is not None:
        refused = ground.world.platform.cancel_run(outsider.user, run.run_id)
        came(f"{outsider} cancels a run of {person}", refused, UNKNOWN)
        attempts.meddles(ground, person, str(run.thread_id), [], outsider, choices)
    came(sentence, ground.world.platform.cancel_run(person.user, run.run_id), DONE)
    has_ended(ground, sentence, run, "cancelled")
    came(f"{sentence}, again", ground.world.platform.cancel_run(person.user, run.run_id), DONE)
    # Whether it has asked the partner already or not.
    ground.world.partner.delay(own_path(person.user), 0.0)
    if beside is not None:
        has_ended(ground, f"{sentence}, and lets another go on", beside, "completed")
    ground.world.partner.release(own_path(person.user))
    return sentence


def reads_an_old_run(ground: Ground, choices: random.Random) -> str | None:
    """A run that has ended is read again."""
    ended = one_of(choices, _of_people(ground))
    if ended is None:
        return None
    run = ended.run
    sentence = f"{run.user} reads a run that ended before"
    read = ground.world.platform.run(run.user, run.run_id)
    came(sentence, read, DONE)
    if read.text != ended.text:
        raise Stumble(sentence, [f"it reads {read.text[:300]}, before {ended.text[:300]}"])
    outsider = one_of(choices, [each for each in ground.people if each.user is not run.user])
    if outsider is not None:
        came(f"{outsider} reads it", ground.world.platform.run(outsider.user, run.run_id), UNKNOWN)
    return sentence


def lists_runs(ground: Ground, choices: random.Random) -> str | None:
    """Somebody's runs page by page: all of them, those in one state, or those of one conversation."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    own = [each for each in ground.ended.values() if each.run.user is person.user]
    query: dict[str, object] = {}
    match choices.choice(["all", "of a state", "of a conversation"]):
        case "of a state":
            query["status"] = status = choices.choice(sorted(RunStatus))
            own = [each for each in own if each.status == status]
        case "of a conversation" if threads := ground.threads(person):
            query["thread_id"] = thread = choices.choice(threads)
            own = [each for each in own if each.run.thread_id == thread]
    size = choices.choice(_PAGES)
    sentence = f"{person} lists runs{''.join(f', {name} {value}' for name, value in query.items())} by pages of {size}"
    listed = []
    for answer in pages(partial(ground.world.platform.runs, person.user), **query, limit=size):
        came(sentence, answer, DONE)
        listed += answer.value.items
    shown, expected = [run.id for run in listed], [each.run.run_id for each in reversed(own)]
    if shown != expected:
        raise Stumble(sentence, [f"the list is {shown}, not {expected}"])
    texts = {each.run.run_id: json.loads(each.text) for each in own}
    if wrong := [run.id for run in listed if run.raw != texts[run.id]]:
        raise Stumble(sentence, [f"run {id} is listed otherwise than it reads by itself" for id in wrong])
    return f"{sentence} ({len(listed)})"


def reads_job_records(ground: Ground, choices: random.Random) -> str | None:
    """The job record of a run that has ended is there once, for its owner alone."""
    ended = one_of(choices, _of_people(ground))
    if ended is None:
        return None
    run, world = ended.run, ground.world
    sentence = f"{run.user} reads the job record of a run that ended {ended.status}"
    found = waiting.wait_for(
        lambda: world.platform.jobs(run.user, run.run_id),
        lambda seen: seen.done and seen.value.items,
        world.budgets.limit("records agree"),
        f"the job record of run {run.run_id}",
    ).value
    if len(found.value.items) != 1 or found.value.items[0].run_id != run.run_id:
        raise Stumble(sentence, [f"it reads {found.text[:300]}"])
    outsider = one_of(choices, [each for each in ground.people if each.organisation.alias != run.user.tenant.alias])
    if outsider is not None:
        others = world.platform.jobs(outsider.user, run.run_id)
        if others.done and others.value.items:
            raise Stumble(f"{outsider} reads it", [f"it is shown: {others.text[:300]}"])
    return sentence


def runs_out_of_time(ground: Ground, choices: random.Random) -> str | None:
    """A run is over when its time is."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    sentence = f"{person} runs an agent that hangs, with a time limit"
    run = held_runs.hanging_run(ground.world, person.user)
    has_ended(ground, sentence, run, "timed_out")
    ground.world.partner.release(own_path(person.user))
    return sentence


def is_refused_by_the_partner(ground: Ground, choices: random.Random) -> str | None:
    """The partner refuses what a run asks for, with more words than a customer should read."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    path, status = f"{own_path(person.user)}/refused", choices.choice([400, 403, 404, 429, 500, 503])
    ground.world.partner.fail(path, status, {"error": agents.INTERNALS})
    sentence = f"{person} runs an agent whose partner answers {status}"
    run = ground.world.start_run(person.user, agents.PROBE, input=agents.fetching(path))
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    has_ended(ground, sentence, run, "failed")
    return sentence


def keeps_a_state(ground: Ground, choices: random.Random) -> str | None:
    """An agent answers with the state that it was given, whoever else has one."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    state = {"of": str(person), "number": choices.randrange(10**6), "parts": ["Zoë", None, 0.1, True, {}]}
    sentence = f"{person} runs an agent that keeps a state"
    run = ground.world.start_run(person.user, agents.PROBE, input=agents.keeping(state))
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    kept = has_ended(ground, sentence, run, "completed").part("kept")
    if kept != state:
        raise Stumble(sentence, [f"it answers with {kept}, not {state}"])
    return sentence


def _of_people(ground: Ground) -> list[Ended]:
    """The runs that have ended of those who still belong to an organisation."""
    members = {person.user for person in ground.people}
    return [each for each in ground.ended.values() if each.run.user in members]


def asks_for_an_unknown_agent(ground: Ground, choices: random.Random) -> str | None:
    """An agent is asked for that does not exist."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    if ground.world.start_run(person.user, choice := choices.choice(_UNKNOWN_AGENTS)) is not None:
        raise Stumble(f"{person} runs {choice}", ["it was accepted"])
    return came(f"{person} runs {choice}", ground.world.last_outcome, UNKNOWN, Meaning.INVALID)


def has_ended(ground: Ground, sentence: str, run: RunHandle, status: str) -> Run:
    """The run once it has ended as it must.

    :raises Stumble: it ended otherwise.
    """
    ended = ground.world.ended(run)
    if str(ended.status) != status:
        raise Stumble(sentence, [f"the run is {ended.status} instead of {status}: {ended.error}"])
    text = ground.world.platform.run(run.user, run.run_id).text
    ground.ended[run.run_id] = Ended(run, status, text)
    return ended
