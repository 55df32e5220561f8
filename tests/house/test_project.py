"""The project stands on its own: no machine, no registry, nothing that it needs is left out."""

import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Mapping

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.settings import CHECKOUT
from tests.house import project
from tests.house.words import old_names_in

# Written in two parts, so that this file keeps the rule itself.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(" + "root|work|" + "home/[a-z]+" + r")(?![\w-])")
REGISTRIES = re.compile(r"(py" + r"pi\.org|python" + r"hosted|registry\.np" + r"mjs|docker\." + r"io/)")


def strange_places(path: str, text: str) -> Iterator[str]:
    """Paths of somebody's machine and names of package registries."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in (MACHINE_PATHS, REGISTRIES):
            if found := pattern.search(line):
                yield f"{path}:{number}: {found[0]}"


@pytest.mark.parametrize(
    "line", ["cd /wo" + "rk/main", "'/ro" + "ot'", "open('/ho" + "me/ada/x')", "https://py" + "pi.org/x"]
)
def test_strange_place_is_found(line):
    assert list(strange_places("a.txt", line))


@pytest.mark.parametrize("line", ["tests/work/a", "/v1/workers", "https://apex.test/home", "~/work", "/rooted"])
def test_harmless_place_is_not_found(line):
    assert list(strange_places("a.txt", line)) == []


def test_project_names_no_machine_and_no_registry():
    texts = ((path, project.text_of(path)) for path in project.files())
    found = [place for path, text in texts if text is not None for place in strange_places(path, text)]
    assert not found, "\n".join(found)


def left_out(pinned: Mapping[str, set[str]], needs_of: Mapping[str, Iterable[str]]) -> list[str]:
    """What pinned packages need and the list does not pin; both by canonical name.

    `pinned` gives the extras asked for, `needs_of` the requirements that a package's metadata states.
    """
    found = []
    for name, extras in pinned.items():
        for need in map(Requirement, needs_of.get(name, ())):
            applies = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})
            if applies and canonicalize_name(need.name) not in pinned:
                found.append(f"{name} needs {need.name}")
    return found


def test_package_left_out_is_found():
    pinned = {"moto": {"server"}, "requests": set()}
    needs = {
        "moto": ["requests", "flask; extra == 'server'", "docker; extra == 'awslambda'", "six; python_version<'3'"]
    }
    assert left_out(pinned, needs) == ["moto needs flask"]


def requirements() -> list[Requirement]:
    lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_requirements_are_pinned_and_complete():
    listed = [need for need in requirements() if need.marker is None or need.marker.evaluate()]
    assert [str(need) for need in listed if not re.fullmatch(r"==[\w.]+", str(need.specifier))] == []
    pinned: dict[str, set[str]] = {canonicalize_name(need.name): set(need.extras) for need in listed}
    found = left_out(pinned, {name: importlib.metadata.requires(name) or [] for name in pinned})
    assert not found, "\n".join(found)


NAMED_PATH = re.compile(r"`((?:apex|bin|docs|features|steps|support|tests)/[\w./-]*\w/?)`|\]\((docs/[\w./-]+)\)")


def lost_paths(text: str) -> Iterator[str]:
    """What a document names that is not there."""
    for named, shown in NAMED_PATH.findall(text):
        if not (CHECKOUT / (named or shown)).exists():
            yield named or shown


@pytest.mark.parametrize("text", ["see `support/nobody.py`", "![a picture](docs/nothing.png)", "in `tests/nowhere`"])
def test_lost_path_is_found(text):
    assert list(lost_paths(text))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documents_name_what_is_there(document):
    text = project.text_of(document) or ""
    assert NAMED_PATH.search(text)
    assert list(lost_paths(text)) == []


@pytest.mark.parametrize("line", ["def try_doors():", "# the stranger hears nothing", "a LEDGER", "trespassed = []"])
def test_old_name_is_found(line):
    assert list(old_names_in("support/a.py", f"x = 1\n{line}"))


@pytest.mark.parametrize("line", ["outdoors", "the endpoint"])
def test_other_words_are_no_old_names(line):
    assert not list(old_names_in("support/a.py", line))


def test_nothing_is_called_by_an_old_name():
    texts = ((path, project.text_of(path) or "") for path in project.files() if path.endswith((".py", ".md")))
    found = [name for path, text in texts if not path.startswith("tests/house/") for name in old_names_in(path, text)]
    assert not found, "\n".join(found)
