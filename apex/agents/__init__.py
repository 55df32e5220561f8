"""Agents: deterministic planners whose answer is computed from the customer's own data.

A plugin brings its own: a module in the plugin directory (or an entry point of the group ``apex.agents``) that
defines subclasses of ``Agent``.
"""

from apex.agents.agent import Agent, RunContext, ToolFailed
from apex.agents.registry import AgentRegistry

__all__ = ["Agent", "AgentRegistry", "RunContext", "ToolFailed"]
