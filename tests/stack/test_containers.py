"""Stores in containers are refused in one line, which says whether an engine answers."""

import socket
import threading
from pathlib import Path

import pytest

from support.stack.containers import refuse
from support.stack.errors import StackError


def test_no_engine(tmp_path: Path):
    with pytest.raises(
        StackError, match=r"no container engine answers at .*none.sock .No such file or directory.; use"
    ):
        refuse(str(tmp_path / "none.sock"))


def test_an_engine_that_is_not_used_yet(tmp_path: Path):
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()

        def answer() -> None:
            connection, _ = engine.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

        serving = threading.Thread(target=answer)
        serving.start()
        with pytest.raises(StackError, match=r"an engine answers .* is not used yet"):
            refuse(str(path))
        serving.join()
