"""Reading a stream: frames in the order in which they came become events, and frames about the stream itself."""

import time

from support.platform.dialect import Dialect, StreamControl
from support.platform.story import Event


class StreamDecoder:
    """What a stream has shown so far, whoever received its frames. It knows the epoch in which an event came."""

    def __init__(self, dialect: Dialect) -> None:
        self._decode = dialect.decoder()
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
            decoded = self._decode(text)
        except ValueError:
            self.malformed.append(text)
            return
        for each in decoded:
            if isinstance(each, StreamControl):
                self.controls.append(each)
            else:
                wall = received + self._wall_offset
                self.events.append(each.received(received, wall, connection, self.epoch, text))
