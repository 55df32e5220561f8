"""A crowd in a process of its own: it hears what is sent, says who was refused, and leaves nothing behind."""

import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from support.load.socket_crowd import SocketCrowd
from support.scenario.users import Tenant, User
from support.scenario.verdict import NotShown
from support.scenario.waiting import eventually
from tests.matchers.stories import with_tools, without_tools
from tests.servers import EventServer, wait_for_close


def people(count: int) -> list[User]:
    """So many logged-in users."""
    return [
        User(f"Customer{n}", Tenant.fresh(f"Customer{n}"), "", "", id=f"user-{n}", access_token=f"token-{n}")
        for n in range(count)
    ]


def frame(**fields: Any) -> str:
    """A frame as the platform sends it."""
    return json.dumps(fields)


def tell(connection: ServerConnection) -> None:
    """Open the stream and tell whoever listens a story, under the name in their token."""
    name = (connection.request.headers["authorization"] if connection.request else "").rpartition("-")[2]
    connection.send(frame(type="stream_opened", epoch="one", sequence=0))
    for event in with_tools():
        told = replace(event, user_id=f"user-{name}")
        connection.send(
            frame(
                type=told.type,
                run_id=told.run_id,
                sequence=told.sequence,
                run_sequence=told.run_sequence,
                timestamp=told.timestamp,
                payload=told.payload,
                trace={"trace_id": "t", "request_id": "r", "user_id": told.user_id},
            )
        )
    wait_for_close(connection)


def test_everybody_hears_what_they_are_told(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.play = tell
    users = people(20)
    crowd.open(dict.fromkeys(users, stream.url))
    assert crowd.wait_for_ends(dict.fromkeys(users, 1), within=5, silence=5) == []
    for connection in crowd.connections:
        assert [event.type for event in connection.events] == [event.type for event in with_tools()]
        assert {event.user_id for event in connection.events} == {connection.user.id}
        assert [event.sequence for event in connection.events] == list(range(1, len(with_tools()) + 1))
        assert connection.opened_at == 0
        assert all(event.delay is not None for event in connection.events)


def test_what_was_shown_is_not_shown_again(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.play = tell
    users = people(1)
    crowd.open(dict.fromkeys(users, stream.url))
    crowd.wait_for_ends(dict.fromkeys(users, 1), within=5, silence=5)
    assert [len(crowd.connections[0].events) for _ in range(2)] == [len(with_tools())] * 2


def test_who_still_waits_is_named(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.play = tell
    users = people(2)
    crowd.open(dict.fromkeys(users, stream.url))
    waiting = crowd.wait_for_ends({users[0]: 1, users[1]: 2}, within=0.5, silence=5)
    assert [name.rpartition(" ")[2] for name in waiting] == ["Customer1"]


def test_a_refusal_is_not_taken_for_a_connection(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.admit = lambda request: 401 if request.headers["authorization"].endswith("-1") else None
    with pytest.raises(NotShown, match=r"1 of 3 could not connect.*401"):
        crowd.open(dict.fromkeys(people(3), stream.url))


def test_nobody_listening_is_a_refusal(crowd: SocketCrowd) -> None:
    with pytest.raises(NotShown, match="1 of 1 could not connect"):
        crowd.open(dict.fromkeys(people(1), "ws://127.0.0.1:9"))


def test_the_end_of_a_connection_is_noticed(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.play = lambda connection: connection.close(4401, "over")
    crowd.open(dict.fromkeys(people(1), stream.url))
    closed = eventually(lambda: crowd.connections[0].closed, lambda reason: reason is not None, 2.0)
    assert "4401" in str(closed)


def test_a_silent_crowd_is_not_waited_for(stream: EventServer, crowd: SocketCrowd) -> None:
    stream.play = tell
    users = people(1)
    crowd.open(dict.fromkeys(users, stream.url))
    began = time.monotonic()
    assert len(crowd.wait_for_ends({users[0]: 2}, within=60, silence=0.2)) == 1
    assert time.monotonic() - began < 5


def test_a_crowd_whose_process_has_died_says_so(crowd: SocketCrowd) -> None:
    crowd._load._child.kill()
    crowd._load._child.wait()
    with pytest.raises(NotShown, match="the process of load has ended"):
        crowd.open(dict.fromkeys(people(1), "ws://127.0.0.1:9"))


def test_nothing_is_left_of_a_closed_crowd(stream: EventServer, crowd: SocketCrowd) -> None:
    left: list[ServerConnection] = []

    def play(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            wait_for_close(connection)
        left.append(connection)

    stream.play = play
    crowd.open(dict.fromkeys(people(3), stream.url))
    crowd.close()
    eventually(lambda: len(left), lambda count: count == 3, 2.0)
    assert not Path(f"/proc/{crowd._load._child.pid}").exists()


def test_stories_without_an_end_do_not_count(stream: EventServer, crowd: SocketCrowd) -> None:
    def play(connection: ServerConnection) -> None:
        for event in without_tools()[:-1]:
            connection.send(frame(type=event.type, run_id=event.run_id, sequence=event.sequence))
        wait_for_close(connection)

    stream.play = play
    users = people(1)
    crowd.open(dict.fromkeys(users, stream.url))
    assert len(crowd.wait_for_ends(dict.fromkeys(users, 1), within=0.3, silence=5)) == 1
