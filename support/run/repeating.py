"""Repeating one scenario as its evidence says that it was played (`bin/acceptance --repro`)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.redaction import MASK
from support.refusal import Refusal
from support.settings import CHECKOUT, KEYS


@dataclass(frozen=True, slots=True)
class Repeat:
    """What is to be played again: a scenario of a feature, with these settings."""

    file: str
    scenario: str
    promise: str
    settings: Mapping[str, str]

    @classmethod
    def of(cls, evidence: Path) -> "Repeat":
        """
        :raises Refusal: there is no such file, or it is no evidence of a scenario of this checkout; one line.
        """
        try:
            written = json.loads(evidence.read_text("utf-8"))
            file, scenario, promise = (written[name] for name in ("file", "scenario", "promise"))
            settings = dict(written["settings"])
        except OSError as error:
            raise Refusal(f"{evidence} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise Refusal(f"{evidence} is no JSON: {error}") from None
        except (KeyError, TypeError) as error:
            raise Refusal(f"{evidence} is no evidence of a scenario ({type(error).__name__}: {error})") from None
        if not all(isinstance(text, str) for text in (file, scenario, promise, *settings.values())):
            raise Refusal(f"{evidence} is no evidence of a scenario: it names no texts")
        if unknown := sorted(settings.keys() - {key.name for key in KEYS}):
            raise Refusal(f"{evidence} is of another version of the suite: there is no setting {unknown[0]}")
        if not (CHECKOUT / file).is_file():
            raise Refusal(f"{evidence} is about {file}, which this checkout does not have")
        return cls(file, scenario, promise, settings)

    def defined(self, given: Sequence[str]) -> list[str]:
        """The settings, as typed after ``-D``, and after them those that are `given`, which hold instead.

        :raises Refusal: one of them was a secret, which no evidence shows, and is not given.
        """
        names = {definition.partition("=")[0] for definition in given}
        if hidden := [name for name, value in self.settings.items() if MASK in value and name not in names]:
            raise Refusal(f"evidence does not show the secret in the setting {hidden[0]}: give it with -D {hidden[0]}=")
        return [*(f"{name}={value}" for name, value in self.settings.items()), *given]

    @property
    def selected(self) -> list[str]:
        """What selects the scenario, and nothing else, on behave's command line."""
        # Titles may be the same in two rules.
        tags = [f"--tags=@{self.promise}"] if self.promise else []
        return [*tags, f"--name=^{re.escape(self.scenario)}$", str(CHECKOUT / self.file)]
