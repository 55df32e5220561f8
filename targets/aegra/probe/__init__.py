"""The agents that Aegra runs for the suite: deterministic planners as LangGraph graphs, and their tools."""
