"""Which mutants are tried: drawn by a seed from the lines that scenarios run through."""

import ast
import difflib
import random
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import libcst
from mutmut.mutation.file_mutation import Mutation, create_mutations

from support.proof.covering import Covered
from support.proof.mutated import changed_codes, write
from support.refusal import Refusal
from support.settings import CHECKOUT

EQUIVALENT = CHECKOUT / "defects" / "equivalent.toml"
_LOG = re.compile(r"\s*log\.\w+\(")
"""What is only said in a log: its wording is nobody's promise."""


@dataclass(frozen=True, slots=True)
class Change:
    """One small change of a file of the platform: the line before and after it, and the whole source after it."""

    file: str
    line: int
    before: str
    after: str
    source: str

    @property
    def module(self) -> str:
        """The module's name."""
        return self.file.removesuffix(".py").replace("/", ".")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before}  ->  {self.after}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change in the processes of one service, and the scenarios that run through it. ``id``: the file it is in."""

    id: str
    service: str
    change: Change
    scenarios: frozenset[str]

    @property
    def summary(self) -> str:
        """The change in a line."""
        return str(self.change)


def draw(covered: Covered, seed: int, count: int, folder: Path, only: Collection[str] | None) -> Iterator[Mutant]:
    """So many mutants, written into ``folder``; fewer where there are no more.

    :param only: of these files alone; None: of all.
    """
    choices = random.Random(seed)
    files = sorted({file for files in covered.values() for file in files if only is None or file in only})
    places = [(file, number) for file in files for number in range(len(_mutations(file)[1]))]
    choices.shuffle(places)
    equivalent = _equivalent()
    drawn = 0
    for file, number in places:
        if drawn == count:
            return
        change = _change(file, number)
        if change is None or (change.file, change.before, change.after) in equivalent:
            continue
        if not changed_codes((CHECKOUT / file).read_text("utf-8"), change.source, file):
            continue  # a process that has loaded the module would take on nothing
        by_service = {
            service: scenarios
            for service, files in covered.items()
            if (scenarios := _through(files.get(file, {}), file, change.line))
        }
        if not by_service:
            continue
        service = choices.choice(sorted(by_service))
        drawn += 1
        held = folder / f"{drawn:03}.json"
        write(held, service, change.module, change.source)
        yield Mutant(str(held), service, change, by_service[service])


@cache
def _mutations(file: str) -> tuple[libcst.Module, Sequence[Mutation]]:
    with chdir(CHECKOUT):  # where mutmut looks for its configuration
        module, mutations, _, _ = create_mutations(file, Path(file).read_text("utf-8"))
    return module, [each for each in mutations if each.contained_by_top_level_function is not None]


def _change(file: str, number: int) -> Change | None:
    """The change, unless it only concerns what is written into a log, or makes no sense."""
    module, mutations = _mutations(file)
    mutation = mutations[number]
    source = cast("libcst.Module", module.deep_replace(mutation.original_node, mutation.mutated_node)).code
    old, new = module.code.splitlines(), source.splitlines()
    found = next(
        (each for each in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if each[0] != "equal"),
        None,
    )
    if found is None or _LOG.match(_statement(old, found[1])):
        return None
    try:
        compile(source, file, "exec")
    except SyntaxError:
        return None
    before, after = (
        " ".join(line.strip() for line in lines) for lines in (old[found[1] : found[2]], new[found[3] : found[4]])
    )
    return Change(file, found[1] + 1, before, after, source)


def _statement(lines: Sequence[str], number: int) -> str:
    """The line that the statement around a line begins with, by its indentation."""
    while number > 0 and not lines[number].strip():
        number -= 1
    indented = len(lines[number]) - len(lines[number].lstrip())
    for above in range(number, -1, -1):
        line = lines[above]
        if _LOG.match(line) and len(line) - len(line.lstrip()) < indented:
            return line
        if line.strip() and len(line) - len(line.lstrip()) < indented:
            return lines[number]
    return lines[number]


def _through(lines: Mapping[int, frozenset[str]], file: str, number: int) -> frozenset[str]:
    """The scenarios that run through the statement of a function that a line belongs to."""
    own = [span for span in _statements(file) if number in span]
    if not own:
        return frozenset()
    return frozenset().union(*(lines.get(line, frozenset()) for line in min(own, key=len)))


@cache
def _statements(file: str) -> Sequence[range]:
    """The lines of each statement in a function, those of its blocks left out."""
    tree = ast.parse((CHECKOUT / file).read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    statements = {node for function in functions for node in ast.walk(function) if isinstance(node, ast.stmt)}
    return [
        range(node.lineno, body[0].lineno if (body := getattr(node, "body", None)) else (node.end_lineno or 0) + 1)
        for node in statements
        # What a definition itself says, as its defaults, is run through when the module is loaded.
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


def _equivalent() -> set[tuple[str, str, str]]:
    """The changes that change nothing, as somebody has judged."""
    if not EQUIVALENT.is_file():
        return set()
    try:
        written = tomllib.loads(EQUIVALENT.read_text("utf-8"))
        return {(each["file"], each["before"], each["after"]) for each in written["mutant"] if each["reason"]}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Refusal(f"{EQUIVALENT} lists no mutants with file, before, after and reason: {error}") from None
