"""Agents that work out what can be saved, in a cloud that grows, also in conversations that have answers already."""

import random
from decimal import Decimal

from support.agent_execution.computed_answers import expected_answer
from support.cloud.savings import Group, idle, oversized
from support.platform.dialect import Meaning
from support.scenario import planting
from support.scenario.agents import Agent
from support.walk.moves.runs import has_ended
from support.walk.people import Analysis, Ground, Person, came, one_of
from support.walk.walking import Stumble

_SERVERS: tuple[Group, ...] = (idle(2), oversized(1))


def analyses_the_cloud(ground: Ground, choices: random.Random) -> str | None:
    """An agent's answer is computed from the servers, and says what has changed since the one before."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    tenant, world = person.user.tenant, ground.world
    if tenant.inventory is None:
        planting.own_cloud(world, tenant, list(_SERVERS))
        return f"{tenant.alias} names its cloud account"
    if choices.random() < 0.2:
        planting.more_servers(world, tenant, [idle(1)])
        return f"{tenant.alias} has one more idle server"
    agents = [Agent.COST_ANALYSIS, Agent.COST_ANALYSIS, Agent.RIGHTSIZING_PLAN]
    agent = choices.choice([*agents, Agent.REVIEW] if tenant.usage else agents)
    thread = one_of(choices, [*ground.threads(person), None])
    sentence = f"{person} has a {agent.value} made"
    run = world.start_run(person.user, agent.wire, thread_id=thread)
    came(sentence, world.last_outcome, Meaning.DONE)
    assert run is not None
    ended = has_ended(ground, sentence, run, "completed")
    expected = expected_answer(world, run)
    if not expected.matches(ended.result):
        raise Stumble(sentence, [f"the answer is {str(ended.result)[:300]}, not {expected}"])
    if agent is Agent.COST_ANALYSIS:
        _compare(ground, person, sentence, ended.result, str(run.thread_id), run.run_id)
    return sentence


def _compare(ground: Ground, person: Person, sentence: str, answer: dict[str, object], thread: str, run: str) -> None:
    inventory = person.user.tenant.inventory
    assert inventory is not None
    savings = inventory.expected(ground.world.prices()).monthly_savings
    before = next((each for each in reversed(ground.analyses) if each.thread == thread), None)
    wanted: tuple[object, object] = (None, None)
    if before is not None:
        wanted = (
            {"run_id": before.run, "monthly_savings": str(before.savings)},
            f"{savings - before.savings:+.2f}",
        )
    shown = (answer.get("previous"), answer.get("change"))
    if shown != wanted:
        raise Stumble(sentence, [f"it is compared with {shown}, not with {wanted}"])
    ground.analyses.append(Analysis(run, Decimal(savings), thread))
