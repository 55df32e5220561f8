"""A link that one customer alone uses, as the suite sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from support.stack.addresses import LinkStatus
from support.stack.fault import Fault

if TYPE_CHECKING:
    from support.stack.client import Stack

Cut = Literal["reset", "close"]


@dataclass(frozen=True)
class Link:
    """A link of one's own to a service: `address` is host:port."""

    name: str
    address: str
    _stack: Stack

    @property
    def http_url(self) -> str:
        """The link's address for HTTP."""
        return f"http://{self.address}"

    @property
    def ws_url(self) -> str:
        """The link's address for WebSockets."""
        return f"ws://{self.address}"

    def set_fault(self, fault: Fault) -> None:
        """Let a fault hold on this link."""
        self._stack.set_fault(self.name, fault)

    def clear(self) -> None:
        """Heal this link."""
        self._stack.clear_fault(self.name)

    def cut(self, how: Cut = "reset") -> int:
        """End the open connections of this link; returns how many there were."""
        return self._stack.cut_connections(self.name, how)

    def status(self) -> LinkStatus:
        """This link's counters."""
        return next(link for link in self._stack.links() if link.name == self.name)

    def close(self) -> None:
        """Close this link."""
        self._stack.close_link(self.name)
