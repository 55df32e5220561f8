"""The words of service coordination in sentences; see support/scenario/words.py."""

from support.scenario.words import entry
from support.service_coordination.instances import BOTH

TYPES = {"Instance": entry(BOTH)}
