"""The live connections of many customers at once, held by a process of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.load.process import LoadProcess
from support.platform.decoding import StreamDecoder
from support.platform.story import Event
from support.platform.target import Target
from support.scenario.users import User
from support.scenario.verdict import NotShown


@dataclass(slots=True)
class Connection:
    """One user's connection: what came over it; ``opened_at`` is where the user's numbering was then."""

    user: User
    stream: StreamDecoder = field(repr=False)
    closed: str | None = None

    @property
    def events(self) -> list[Event]:
        return self.stream.events

    @property
    def malformed(self) -> list[str]:
        return self.stream.malformed

    @property
    def opened_at(self) -> int | None:
        return self.stream.controls[0].sequence if self.stream.controls else None


class SocketCrowd:
    """Live connections of many users, held by ``python -m support.load sockets``, which ends with this process."""

    def __init__(self, target: Target) -> None:
        self._dialect = target.driver_class.dialect
        self._connections: dict[str, Connection] = {}
        self._load = LoadProcess("sockets", target.name)

    @property
    def size(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    def open(self, addresses: Mapping[User, str]) -> float:
        """Connect every user at an address; gives the seconds that it took.

        :raises NotShown: the platform refused somebody.
        """
        members = []
        for user, url in addresses.items():
            carried = self._dialect.carry(user.access_token)
            name = f"{len(self._connections) + 1}: {user}"
            self._connections[name] = Connection(user, StreamDecoder(self._dialect))
            members.append(
                {
                    "name": name,
                    "url": url,
                    "headers": dict(carried.headers),
                    "subprotocols": list(carried.subprotocols),
                }
            )
        results, done = self._load.order("open", members=members)
        if results:
            raise NotShown(f"{len(results)} of {len(members)} could not connect: {results[0]}")
        return float(done["seconds"])

    def wait_for_ends(self, ends: Mapping[User, int], within: float, silence: float) -> list[str]:
        """Wait until each user has seen so many runs end; gives the names of those who have not.

        :param silence: seconds without any event for anybody, after which nothing more is expected.
        """
        due = {name: ends[each.user] for name, each in self._connections.items() if each.user in ends}
        _, done = self._load.order("wait", ends=due, within=within, silence=silence)
        waiting: list[str] = done["waiting"]
        return waiting

    @property
    def connections(self) -> list[Connection]:
        """All connections, with everything that came so far."""
        results, _ = self._load.order("show")
        for result in results:
            connection = self._connections[result["name"]]
            if "closed" in result:
                connection.closed = result["closed"]
            else:
                connection.stream.feed(result["received"], result["frame"])
        return list(self._connections.values())

    def close(self) -> None:
        """End the process and with it all connections."""
        self._load.close()
