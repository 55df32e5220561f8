"""A service of the platform that really listens, with one address of its own and nothing behind it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import Request, WebSocket

from apex.auth.attempts import address_of
from apex.config.live import Configuration
from apex.runtime.service import Process, create_app
from apex.runtime.serving import options
from apex.settings import Settings
from apex.storage.database import Database


@contextmanager
def served(settings: Settings, removed: Callable[[str], str] = str) -> Iterator[int]:
    """The port at which it listens. ``removed``: what the endpoint does that works in a thread."""
    app = create_app(
        Process("auth", "test", Configuration("auth", settings)), "Test", Database(settings.database, "test"), {}
    )

    @app.get("/things")
    def things(request: Request) -> str:
        return address_of(request)

    @app.post("/things")
    async def add(request: Request) -> int:
        return len(await request.body())

    @app.delete("/things/{name}")
    def remove(name: str) -> str:
        return removed(name)

    @app.websocket("/events")
    async def events(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, **options(settings, settings.auth)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
