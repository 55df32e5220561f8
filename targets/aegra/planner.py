"""A chat model that needs no network: it says what the plan tells it to say."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

_CALLS = "tool_calls"


class Planner(BaseChatModel):
    """Repeats the last message, and makes the tool calls that come with it."""

    @property
    def _llm_type(self) -> str:
        return "planner"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = messages[-1]
        said = AIMessage(asked.content, tool_calls=asked.additional_kwargs.get(_CALLS, []))
        return ChatResult(generations=[ChatGeneration(message=said)])


_PLANNER = Planner()


async def say(text: str, calls: list[dict[str, Any]] | None = None) -> AIMessage:
    """Have the model say something, and make tool calls (``id``, ``name``, ``args``)."""
    made = [{"type": "tool_call", **call} for call in calls or ()]
    said = await _PLANNER.ainvoke([HumanMessage(text, additional_kwargs={_CALLS: made})])
    assert isinstance(said, AIMessage)
    return said
