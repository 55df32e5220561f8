"""Small real servers for the tests: what they say is told beforehand, the sockets are real."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

OURS = Subprotocol("apex.v1")

Answer = tuple[int, dict[str, str], Any]


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class ApiServer:
    """An HTTP server that answers what `answer` says and keeps what it was asked."""

    answer: Callable[[Asked], Answer] = lambda asked: (200, {}, {"path": asked.path})
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def start(self) -> Callable[[], None]:
        """Serve; gives the function that ends it."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                text = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                is_json = "json" in headers.get("content-type", "")
                sent = json.loads(text) if text and is_json else text.decode() or None
                asked = Asked(self.command, self.path, headers, sent)
                owner.asked.append(asked)
                status, more, body = owner.answer(asked)
                if status == 0:  # hang up without a word
                    self.close_connection = True
                    return
                content = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the tests read `asked`."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

        def stop() -> None:
            server.shutdown()
            server.server_close()

        return stop


def wait_for_close(connection: ServerConnection) -> None:
    """Listen until the customer leaves."""
    for _ in connection:
        pass


@dataclass
class EventServer:
    """A WebSocket server: `play` is called with each connection that `admit` (status, None: let in) accepts."""

    play: Callable[[ServerConnection], None] = wait_for_close
    admit: Callable[[Request], int | None] = lambda request: None
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def start(self) -> Callable[[], None]:
        """Serve; gives the function that ends it."""

        def look(connection: ServerConnection, request: Request) -> Response | None:
            self.requests.append(request)
            status = self.admit(request)
            return connection.respond(status, "refused\n") if status else None

        server: Server = serve(
            lambda connection: self.play(connection),
            "127.0.0.1",
            0,
            process_request=look,
            subprotocols=[OURS],
            select_subprotocol=lambda _, offered: OURS if OURS in offered else None,
            compression=None,
            ping_interval=None,
        )
        self.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1/events"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.shutdown
