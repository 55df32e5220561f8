"""The agents as a feature names them, and the scripts of the probe agent that stands for an agent with a flaw."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any


class Agent(Enum):
    """The platform's own agents; the value is what a feature calls the work."""

    COST_ANALYSIS = "cost analysis"
    RIGHTSIZING_PLAN = "rightsizing plan"
    USAGE_REPORT = "usage report"
    REVIEW = "savings review"

    @property
    def wire(self) -> str:
        return {
            "cost analysis": "cost_analysis",
            "rightsizing plan": "rightsizing_plan",
            "usage report": "usage_report",
            "savings review": "advisor",
        }[self.value]


PROBE = "probe"
"""The agent that follows a script. Every target brings it, with an interpreter of this language:

``input["steps"]`` is a list of objects with one key each.

====================================================  ==============================================================
``{"think": text}``                                   a thought
``{"think_times": n}``                                n thoughts, as fast as they go
``{"think_long": {"times": n, "characters": n}}``     n thoughts of that length
``{"fetch": path}``                                   a tool reads a resource of the partner
``{"together": [path, ...]}``                         the same for each path, all at once
``{"read_on": path}``                                 a tool reads it again and again, until it is stopped
``{"research": [[path, ...], ...]}``                  for each list, all at once, a tool reads one path after the other
``{"fail": message}``                                 a tool fails, and says why
``{"break": message}``                                a tool has a fault of its own
``{"call": {"tool": name, "parameters": {...}}}``     any tool
``{"try": {...}}``                                    the same; goes on without the result of a tool that fails
``{"calls": [{...}, ...]}``                           any tools, all at once; one that fails stops the others
``{"delegate": {"agent": name, "input": {...}}}``     another agent does that; its results are added
``{"beside": [[...], ...]}``                         follows several lists of steps, all at once
``{"keep": {...}}``                                   keeps that as the run's state
``{"answer": text}``                                  ends with that as answer, its escapes replaced
``{"raise": message}``, ``{"time_out": message}``     the agent has a fault
``{"raise": {"kind": name, "message": message}}``     the same, as a built-in exception of that name
``{"ignore": seconds}``                               goes on for so long when it is cancelled
``{"wait": text}``                                    does nothing until it is cancelled, and then goes on
``{"block": seconds}``                                gives nobody else a chance to run
``{"exit": code}``                                    ends its process
====================================================  ==============================================================

The answer has what the tools gave: ``fetched`` of ``fetch`` and ``together``, ``results`` of the others in their order,
and ``kept``, the state. Its tools besides: ``probe_sign_in`` sends a password and gets a secret
back, ``probe_exit`` ends its process.
"""
EXIT_TOOL = "probe_exit"
INTERNALS = "SELECT password FROM vault -- /srv/agents/secrets.py line 42"
"""What a flawed agent or tool says in its exception; no customer may ever read it."""

Script = dict[str, Any]


def script(*steps: Script) -> Script:
    """The input that makes the probe agent follow the steps."""
    return {"steps": list(steps)}


def fetching(path: str) -> Script:
    """Calls a tool that asks the partner for a path."""
    return script({"think": "Asking the partner:\n  « Was kostet das? »\n\tAnd 数字."}, {"fetch": path})


def reading_on(path: str) -> Script:
    """Calls a tool that reads a path of the partner again and again, and works on it, until it is stopped."""
    return script({"think": "Reading on."}, {"read_on": path})


def keeping(state: Mapping[str, Any]) -> Script:
    """Keeps a state and answers with it."""
    return script({"think": "Keeping the state."}, {"keep": state})


def researching(tasks: Sequence[Sequence[str]]) -> Script:
    """Calls a tool for each task, all at once, which reads the paths of the task one after the other."""
    return script({"think": "Researching."}, {"research": tasks})


def side_by_side(*paths: str) -> Script:
    """Calls a tool for each path, all at once."""
    return script({"together": list(paths)})


def first_of(*paths: str) -> Script:
    """Calls a tool for each path, all at once, and continues with the first answer."""
    return script({"first_of": list(paths)})


def call(tool: str, **parameters: Any) -> Script:
    """A call of any tool."""
    return {"tool": tool, "parameters": parameters}


def calling(*calls: Script) -> Script:
    """Makes these calls, one after the other; one that fails ends the run."""
    return script(*({"call": each} for each in calls))


def trying(*calls: Script) -> Script:
    """Makes these calls, one after the other, and goes on without what fails."""
    return script(*({"try": each} for each in calls))


def calling_together(*calls: Script) -> Script:
    """Makes these calls side by side."""
    return script({"calls": list(calls)})


def beside(*branches: Sequence[Script]) -> Script:
    """Follows several lists of steps, all at once."""
    return script({"beside": [list(branch) for branch in branches]})


def talkative(thoughts: int) -> Script:
    """Emits that many events as fast as it can."""
    return script({"think_times": thoughts})


def long_winded(thoughts: int, characters: int) -> Script:
    """Emits that many events of that length."""
    return script({"think_long": {"times": thoughts, "characters": characters}})


def blocking(seconds: float = 60) -> Script:
    """Waits for so long without letting anybody else run."""
    return script({"think": "About to block."}, {"block": seconds})


def exiting() -> Script:
    """Tries to end the process that it runs in."""
    return script({"think": "About to leave."}, {"exit": 3})


def thoughts_in(part: object) -> Iterator[str]:
    """The texts that a script has an agent think, if it comes to them all, those of its delegates too."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "think" and isinstance(value, str):
                yield value
            else:
                yield from thoughts_in(value)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for each in part:
            yield from thoughts_in(each)


def ends_its_process(input: Mapping[str, Any]) -> bool:
    """Whether an agent, or one of its tools, is to end the process that it runs in."""
    steps: Sequence[Script] = input.get("steps", ())
    made = [each for step in steps for each in (step.get("call"), step.get("try"), *step.get("calls", ())) if each]
    return any("exit" in step for step in steps) or any(each["tool"] == EXIT_TOOL for each in made)


def crashing(kind: str = "RuntimeError") -> Script:
    """Raises in the middle of its work, an exception of that kind."""
    return script({"think": "About to crash."}, {"raise": {"kind": kind, "message": INTERNALS}})


def with_failing_tool(message: str) -> Script:
    """Calls a tool that cannot do its work and says why."""
    return script({"fail": message})


def with_broken_tool() -> Script:
    """Calls a tool with a fault of its own."""
    return script({"break": INTERNALS})
