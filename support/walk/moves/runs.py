"""Runs of agents, with every end."""

import random

from support.agent_execution.computed_answers import expected_answer
from support.platform.dialect import Meaning
from support.platform.runs import Run
from support.scenario import agents, held_runs, planting
from support.scenario.world import RunHandle
from support.walk.people import WORKERS, Ground, came, one_of
from support.walk.walking import Stumble

DONE, DENIED, UNKNOWN = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.NOT_FOUND
CONFLICT, UNAUTHENTICATED = Meaning.CONFLICT, Meaning.UNAUTHENTICATED

_ENDS: dict[str, tuple[agents.Script, str]] = {
    "an agent that thinks five times": (agents.talkative(5), "completed"),
    "an agent that crashes": (agents.crashing(), "failed"),
    "an agent whose tool breaks": (agents.with_broken_tool(), "failed"),
    "an agent whose tool cannot do it": (agents.with_failing_tool("Not today."), "failed"),
    "an agent that stops waiting": (agents.script({"time_out": agents.INTERNALS}), "failed"),
    "an agent that goes on after a failed tool": (
        agents.script({"try": agents.call("probe_fail", message="Not today.")}),
        "completed",
    ),
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
    run = ground.world.start_run(person.user, agents.PROBE, input=script, thread_id=thread)
    if person.role not in WORKERS:
        return came(sentence, ground.world.last_outcome, DENIED)
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    _has_ended(ground, sentence, run, status)
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
    sentence = f"{person} runs a usage report"
    run = ground.world.start_run(person.user, "usage_report")
    came(sentence, ground.world.last_outcome, DONE)
    assert run is not None
    ended = _has_ended(ground, sentence, run, "completed")
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
        _has_ended(ground, sentence, run, "completed")
    return sentence


def cancels(ground: Ground, choices: random.Random) -> str | None:
    """A waiting run is cancelled, twice, after somebody else has tried to."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    sentence = f"{person} cancels a run that waits for the partner"
    run = held_runs.waiting_run(ground.world, person.user)
    outsider = one_of(choices, [each for each in ground.people if each is not person])
    if outsider is not None:
        refused = ground.world.platform.cancel_run(outsider.user, run.run_id)
        came(f"{outsider} cancels a run of {person}", refused, UNKNOWN)
    came(sentence, ground.world.platform.cancel_run(person.user, run.run_id), DONE)
    _has_ended(ground, sentence, run, "cancelled")
    came(f"{sentence}, again", ground.world.platform.cancel_run(person.user, run.run_id), DONE)
    return sentence


def reads_an_old_run(ground: Ground, choices: random.Random) -> str | None:
    """A run that has ended is read again."""
    members = {person.user for person in ground.people}
    run, text = one_of(choices, [each for each in ground.ended.values() if each[0].user in members]) or (None, "")
    if run is None:
        return None
    sentence = f"{run.user} reads a run that ended before"
    read = ground.world.platform.run(run.user, run.run_id)
    came(sentence, read, DONE)
    if read.text != text:
        raise Stumble(sentence, [f"it reads {read.text[:300]}, before {text[:300]}"])
    outsider = one_of(choices, [each for each in ground.people if each.user is not run.user])
    if outsider is not None:
        came(f"{outsider} reads it", ground.world.platform.run(outsider.user, run.run_id), UNKNOWN)
    return sentence


def asks_for_an_unknown_agent(ground: Ground, choices: random.Random) -> str | None:
    """An agent is asked for that does not exist."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    if ground.world.start_run(person.user, choice := choices.choice(["no_such_agent", "prob"])) is not None:
        raise Stumble(f"{person} runs {choice}", ["it was accepted"])
    return came(f"{person} runs {choice}", ground.world.last_outcome, UNKNOWN, Meaning.INVALID)


def _has_ended(ground: Ground, sentence: str, run: RunHandle, status: str) -> Run:
    ended = ground.world.ended(run)
    if str(ended.status) != status:
        raise Stumble(sentence, [f"the run is {ended.status} instead of {status}: {ended.error}"])
    text = ground.world.platform.run(run.user, run.run_id).text
    ground.ended[run.run_id] = (run, text)
    return ended
