"""The words of agent execution in sentences; see support/scenario/words.py."""

from support.agent_execution import usage_metering
from support.scenario.held_runs import Hanging
from support.scenario.words import kind

ASSETS = usage_metering.ASSETS
WORK = usage_metering.WORK
TYPES = {"Hanging": kind(Hanging)}
