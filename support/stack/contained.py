"""How a service is made that runs in a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Contained:
    """What runs in a container: an image, the command in it, and the files that it is given, by their paths there.

    The command works as nobody, in a folder that everybody may write to. What it writes there ends with the container.
    """

    image: str
    command: Sequence[str]
    files: Mapping[str, str]
    stop_signal: str = "SIGTERM"


class ContainedRecipe(Protocol):
    """How a service in a container is made, listening on `port` of this machine."""

    name: str
    needs: tuple[str, ...]
    port: int

    def contained(self) -> Contained:
        """The container to start."""

    def check(self) -> None:
        """Ask the service, with the client that the tests use, and raise unless it serves. Runs in a thread."""
