"""A mutant of the platform: one function of a module with a small change, loaded like a seeded defect.

Its id is the path of the file that holds it, as :func:`write` has written it.
"""

import gc
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType

CATALOGUE = "support.proof.mutated"

Key = tuple[str, int]
"""A function's qualified name, and which of that name it is (lambdas have all the same)."""


class Unchanged(ValueError):
    """No function of the mutated source differs from what there is."""


class Mutated:
    """The mutant in a file."""

    def __init__(self, id: str) -> None:
        written = json.loads(Path(id).read_text("utf-8"))
        self.service: str = written["service"]
        self._module: str = written["module"]
        self._source: str = written["source"]

    def apply(self) -> None:
        """Give the functions of this process that are changed their changed code.

        :raises Unchanged: there is none.
        """
        file = str(import_module(self._module).__file__)
        changed = changed_codes(Path(file).read_text("utf-8"), self._source, file)
        if not changed:
            raise Unchanged(f"nothing of {self._module} is changed")
        # What was loaded before the process was forked is hidden from the collector, and from this look.
        gc.unfreeze()
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__ in changed:
                function.__code__ = changed[function.__code__]


def changed_codes(before: str, after: str, file: str) -> dict[CodeType, CodeType]:
    """The code of every function in ``file`` that ``after`` changes, and what it becomes."""
    mutated = dict(_functions(compile(after, file, "exec")))
    return {
        code: mutated[key]
        for key, code in _functions(compile(before, file, "exec"))
        if key in mutated and mutated[key] != code
    }


def _functions(module: CodeType) -> Iterator[tuple[Key, CodeType]]:
    counted: Counter[str] = Counter()
    left = [module]
    while left:
        code = left.pop()
        inner = [each for each in code.co_consts if isinstance(each, CodeType)]
        left += inner
        for each in inner:
            counted[each.co_qualname] += 1
            yield (each.co_qualname, counted[each.co_qualname]), each


def write(file: Path, service: str, module: str, source: str) -> None:
    """Write a mutant down: ``source`` of the module in place of its own, in processes of ``service``."""
    file.write_text(json.dumps({"service": service, "module": module, "source": source}), "utf-8")


class _Files(Mapping[str, Mutated]):
    def __getitem__(self, id: str) -> Mutated:
        return Mutated(id)

    def __contains__(self, id: object) -> bool:
        return Path(str(id)).is_file()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def catalogue() -> Mapping[str, Mutated]:
    """The mutant in whatever file is asked for."""
    return _Files()
