"""Features as the command line names them: found, read and parsed; what cannot be is refused in one line."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from behave.exception import InvalidFilenameError
from behave.i18n import languages
from behave.model_core import FileLocation
from behave.parser import ParserError, parse_feature
from behave.runner_util import FeatureListParser, FeatureScenarioLocationCollector2, collect_feature_locations

from support.refusal import Refusal

Shown = Callable[[str], str]


def locations(paths: Iterable[str], shown: Shown) -> list[FileLocation]:
    """The features that are meant: files, FILE:LINE, folders, and @FILE with a list of these, one a line.

    :raises Refusal: there is no such thing; `shown` says how a path is shown to the caller.
    """
    found = []
    for path in paths:
        if path.startswith("@") and not os.path.isdir(path):
            listed = path.removeprefix("@")
            found += FeatureListParser.parse(_text(listed, shown), os.path.dirname(listed) or ".")
            continue
        try:
            found += collect_feature_locations([path])
        except InvalidFilenameError:
            raise Refusal(
                f"{shown(path)} is no feature: give a folder, FILE.feature, FILE.feature:LINE, or @LIST"
            ) from None
        except FileNotFoundError:
            raise Refusal(f"there is no {shown(path)}") from None
    return found


def read(places: Sequence[FileLocation], language: str | None, shown: Shown) -> list[Any]:
    """The features of these places, each once; of a place with a line, what stands there.

    :raises Refusal: a feature cannot be read; names its file and line.
    """
    if language is not None:
        _refuse_unknown_language(language, "--lang")
    by_file: dict[str, list[FileLocation]] = {}
    for place in places:
        by_file.setdefault(os.path.abspath(place.filename), []).append(place)
    found = []
    for file, wanted in by_file.items():
        text = _text(file, shown)
        feature = _parsed(text, file, language, shown)
        if feature is None:
            # A file of comments.
            continue
        collector = FeatureScenarioLocationCollector2(feature)
        if all(place.line for place in wanted):
            for place in wanted:
                if place.line > len(text.splitlines()):
                    raise Refusal(f"{shown(file)} has no line {place.line}")
                collector.add_location(FileLocation(file, place.line))
        found.append(collector.build_feature())
    return found


def _text(file: str, shown: Shown) -> str:
    try:
        data = Path(file).read_bytes()
        # Some editors put a byte order mark first.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Refusal(f"{shown(file)}:{line}: not in UTF-8 ({error.reason}); save it in this encoding") from None
    except OSError as error:
        raise Refusal(f"{shown(file)} cannot be read: {error.strerror}") from None


def _parsed(text: str, file: str, language: str | None, shown: Shown) -> Any:
    for number, line in enumerate(text.splitlines(), 1):
        said = re.fullmatch(r"\s*#\s*language:(.*)", line, re.IGNORECASE)
        if said is None and line.strip() and not line.lstrip().startswith("#"):
            break
        if said is not None:
            _refuse_unknown_language(said[1].strip(), f"{shown(file)}:{number}")
    try:
        return parse_feature(text, language, file)
    except ParserError as error:
        what = " ".join(str(error.args[0]).split())
        raise Refusal(f"{shown(file)}:{error.line}: no feature that can be read: {what}") from None


def _refuse_unknown_language(language: str, place: str) -> None:
    if language not in languages:
        raise Refusal(f"{place}: no language is called {language!r}; --lang-list names those that are known")
