"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.scenario.words import Type

TYPES: Mapping[str, Type] = {}
