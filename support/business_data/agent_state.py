"""States that agents return, chosen for what is easily lost on the way into a database and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from support.scenario import agents
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World

_MEGABYTE = 1_000_000
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class AgentState:
    """The state that an agent was given, and has to return."""

    value: Mapping[str, Any]

    @property
    def as_input(self) -> dict[str, Any]:
        """The input that gives the agent its state."""
        return agents.keeping(self.value)


def rich(marker: str) -> dict[str, Any]:
    """Nested, with money as text, numbers at the edge of their types, and characters that are easily confused."""
    nested: Any = {"bottom": marker}
    for level in range(_DEPTH):
        nested = {str(level): [nested, level]}
    return {
        "money": ["0.10", "0.30", "19.999999", "-0.00", "12345678901234567890.123456789", "0.000000000000000001"],
        "numbers": [0, -1, 2**53 + 1, 2**63, 0.1, 1e-300, 123456.789012345],
        "characters": {
            "composed or not": ["\u00e9", "e\u0301", "\u212b", "\u00c5", "\ufb01"],
            "scripts": "Straße, Ελλάδα, 数字, עברית, हिन्दी",
            "beyond the plane": "🚀👩‍👩‍👧",
            "marks": "\" \\ / \b\f\n\r\t \u2028 \u200b '%s {x} $1 --",
        },
        "空 key 🚀": True,
        "nothing": [None, "", " ", [], {}, [[]], False],
        "members": {"none": None, "empty": "", "nested": {"none": None, "some": 0}},
        "nested": nested,
    }


def large(marker: str, size: int = _MEGABYTE) -> dict[str, Any]:
    """So many bytes of text, in which every line differs, so that no loss goes unnoticed."""
    line = "{:07d} " + marker + " für ½ €\n"
    return {"text": "".join(line.format(number) for number in range(size // len(line.format(0).encode()) + 1))}


def japanese(marker: str) -> dict[str, Any]:
    """A text of far fewer characters than bytes."""
    return {"text": f"{marker} " + "費用を削減" * 40_000}


def _returning(state_for: Callable[[str], dict[str, Any]]) -> Work:
    def start(world: World, user: User) -> RunHandle | None:
        state = world.keep(AgentState(state_for(user.tenant.marker)))
        return world.start_run(user, agents.PROBE, input=state.as_input)

    return start


WORK: dict[str, Work] = {
    "an agent that returns nested data, decimals and Unicode": _returning(rich),
    "an agent that returns a megabyte of text": _returning(large),
    "an agent that returns a long text in Japanese": _returning(japanese),
    "an agent that returns four hundred kilobytes of text": _returning(lambda marker: large(marker, 400_000)),
}


def in_conversation(world: World, run: RunHandle) -> list[Any]:
    """The state in each answer that the run's conversation shows."""
    messages = world.platform.messages(run.user, run.thread_id or "").require().items
    return [(message.data or {}).get("kept") for message in messages if message.role == "assistant"]
