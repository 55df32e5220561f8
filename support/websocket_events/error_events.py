"""What can fail in a run, as a feature names it and as an error event must report it."""

from enum import Enum


class Failure(Enum):
    """What failed."""

    TOOL = "a tool failed"
    AGENT = "the agent failed"
    NO_SUCH_TOOL = "there is no such tool"
    NOT_IN_PLAN = "the plan does not include the tool"
    TIME_LIMIT = "the run took too long"

    @property
    def code(self) -> str:
        """The published error code."""
        return {
            "a tool failed": "tool_failed",
            "the agent failed": "agent_failed",
            "there is no such tool": "unknown_tool",
            "the plan does not include the tool": "permission_denied",
            "the run took too long": "timed_out",
        }[self.value]


class Retry(Enum):
    """Whether a retry can succeed, as the customer is notified."""

    HELPS = "a retry can help"
    NO_HELP = "a retry will not help"

    @property
    def helps(self) -> bool:
        return self is Retry.HELPS
