"""Reading a stream: frames in the order in which they came become events, and frames about the stream itself."""

import time

from support.platform.dialect import Dialect, StreamControl
from support.platform.story import Event


class StreamDecoder:
    """What a stream has shown so far, whoever received its frames. It knows the epoch in which an event came."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._wall_offset = time.time() - time.monotonic()
        self.events: list[Event] = []
        self.controls: list[StreamControl] = []
        self.malformed: list[str] = []
        """Frames that were neither."""

    @property
    def epoch(self) -> str | None:
        """The epoch that the platform named last."""
        return self.controls[-1].epoch if self.controls else None

    def feed(self, received: float, text: str, connection: int = 1) -> None:
        """Read one frame.

        :param received: when it came (monotonic seconds).
        :param connection: over which of the user's connections, counted from 1.
        """
        try:
            decoded = self._dialect.decode(text)
        except ValueError:
            self.malformed.append(text)
            return
        if isinstance(decoded, StreamControl):
            self.controls.append(decoded)
            return
        self.events.append(decoded.received(received, received + self._wall_offset, connection, self.epoch, text))
