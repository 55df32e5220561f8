"""The agents that platforms run for the suite, whatever each makes agents of: their plans and their tools."""
