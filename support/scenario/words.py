"""How the words of a sentence get their meaning: a name that is not known makes the sentence undefined.

Each category has a module ``support/<category>/words.py`` with what it adds: ``WORK`` (what agents do), ``ASSETS``
(what customers have), ``GROUPS`` (who takes part, where they are many), and ``TYPES``, its own parameter types by name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from parse import with_pattern

Type = Callable[[str], Any]


def one_of(names: Iterable[str]) -> str:
    """The pattern of one of these names, the longest first: one may begin like another."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def entry(table: Mapping[str, Any]) -> Type:
    """One of the entries of a table, by its name."""
    converted: Type = with_pattern(one_of(table))(lambda text: table[text])
    return converted


def entries(table: Mapping[str, Any]) -> Type:
    """One or several entries of a table, by their names: "a, b and c"."""
    name = f"(?:{one_of(table)})"
    pattern = f"{name}(?:, {name})*(?: and {name})?"
    converted: Type = with_pattern(pattern)(lambda text: [table[found] for found in re.findall(name, text)])
    return converted


def kind(kinds: type[Enum]) -> Type:
    """One of the values of an enumeration."""
    return entry({each.value: each for each in kinds})
