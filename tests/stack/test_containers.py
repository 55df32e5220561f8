"""Where no stores can come in containers, that is said in one line; what runs leave in an engine is theirs alone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.stack import containers
from support.stack.errors import StackError
from support.stack.images import IMAGES


@contextmanager
def answering(path: Path, *answers: tuple[int, str]) -> Iterator[list[str]]:
    """An engine that gives these answers, one after the other; yields the requests that it was sent."""
    asked: list[str] = []
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()

        def serve() -> None:
            for status, body in answers:
                connection, _ = engine.accept()
                with connection:
                    asked.append(connection.recv(4096).decode().partition(" HTTP")[0])
                    head = (
                        f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                    )
                    connection.sendall((head + body).encode())

        serving = threading.Thread(target=serve)
        serving.start()
        yield asked
        serving.join()


def test_no_engine(tmp_path: Path):
    with pytest.raises(
        StackError, match=r"no container engine answers at .*none.sock .No such file or directory.; use"
    ):
        containers.check(str(tmp_path / "none.sock"))


def test_an_engine_that_cannot_work(tmp_path: Path):
    path = tmp_path / "engine.sock"
    with answering(path, (503, "{}")), pytest.raises(StackError, match=r"the engine at .*engine.sock answers 503; use"):
        containers.check(str(path))


def test_an_engine_without_an_image(tmp_path: Path):
    path = tmp_path / "engine.sock"
    there, absent = (200, "{}"), (404, '{"message": "no such image"}')
    with answering(path, there, there, absent, there) as asked, pytest.raises(StackError) as refused:
        containers.check(str(path))
    missing = list(IMAGES.values())[1]
    assert str(refused.value) == (
        f"-D services=containers: the engine has no image {missing}; bin/stack images gets or builds them"
    )
    assert asked[2] == f"GET /images/{missing.replace(':', '%3A')}/json"


def test_an_engine_that_has_everything(tmp_path: Path):
    path = tmp_path / "engine.sock"
    with answering(path, *[(200, "{}")] * (1 + len(IMAGES))) as asked:
        containers.check(str(path))
    assert len(asked) == 1 + len(IMAGES)
