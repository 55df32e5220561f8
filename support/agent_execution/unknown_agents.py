"""Asking for an agent that does not exist."""

from dataclasses import dataclass
from typing import Any

from support.platform.capabilities import Capability
from support.scenario.agents import Agent
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores import job_records

_UNKNOWN = "cost_analysys"


@dataclass(frozen=True, slots=True)
class CountedBefore:
    """What was counted for a customer before the request: expenses and jobs."""

    counted: dict[str, Any]

    def and_the_job(self, run: RunHandle) -> dict[str, Any]:
        """The same with one more job."""
        return {**self.counted, "jobs": [*self.counted["jobs"], run.run_id]}


def unknown_agent(world: World, user: User, name: str = _UNKNOWN) -> RunHandle | None:
    """A run of an agent whose name is misspelt."""
    if {Capability.ALLOWANCES, Capability.JOB_RECORDS} <= world.target.capabilities:
        world.keep(CountedBefore(job_records.counted(world, user)))
    return world.start_run(user, name)


def unknown_agent_again_and_again(world: World, user: User) -> RunHandle | None:
    """Six runs, one after the other, of an agent whose name is misspelt."""
    for _ in range(5):
        unknown_agent(world, user)
    return unknown_agent(world, user)


def unknown_version(world: World, user: User) -> RunHandle | None:
    """A run of an agent in a version that does not exist."""
    return unknown_agent(world, user, f"{Agent.COST_ANALYSIS.wire}:v9")


def half_named_agent(world: World, user: User) -> RunHandle | None:
    """A run of an agent by the beginning of its name."""
    return unknown_agent(world, user, Agent.COST_ANALYSIS.wire[:4])
