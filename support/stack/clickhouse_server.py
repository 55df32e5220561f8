"""ClickHouse's HTTP interface around the engine in `chdb`: `python -m support.stack.clickhouse_server SETTINGS_FILE`.

A process of its own, so that the engine can be killed, frozen and cut off like a server. It speaks what the client
`clickhouse-connect` needs: queries with bound parameters and settings, inserts in any input format, compressed or
not, users, and errors with ClickHouse's own codes. Every request has its own session in the engine, which separates
settings and lets requests run beside each other. Not offered: sessions over several requests, multipart forms.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import secrets
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.frame  # type: ignore[import-untyped]
import uvicorn
from backports import zstd
from chdb._exceptions import ChdbError
from chdb.state.sqlitelike import Connection
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

# Parameters of the interface itself; all others are settings of the query.
_OWN_PARAMETERS = frozenset((
    "query", "database", "user", "password", "query_id", "default_format", "session_id", "session_timeout",
    "session_check", "client_protocol_version", "enable_http_compression", "wait_end_of_query", "buffer_size",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "compress", "decompress", "quota_key", "role",
    "cancel_http_readonly_queries_on_client_close",
))  # fmt: skip
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
}
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.*?)\sFORMAT\s+(\w+)[ \t]*(?:;|\r?\n|$)", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(r"Code: (\d+)\.")
_STATUS_OF_CODE = {516: 403, 497: 403, 60: 404, 81: 404, 46: 404, 47: 404, 62: 400, 27: 400, 36: 400, 115: 400, 53: 400}
_LONGEST_STATEMENT = 65_536


@dataclass(frozen=True)
class Statement:
    """A query, or an insert whose data follows in `input_format`."""

    text: str
    input_format: str | None
    data: bytes


def read_statement(text: bytes, body: bytes) -> Statement:
    """Take statement and data apart; as with ClickHouse, the body continues the statement in the URL."""
    whole = text + b"\n" + body if text and body else text + body
    insert = _INSERT.match(whole[:_LONGEST_STATEMENT])
    if insert is not None and (data := whole[insert.end() :]):
        return Statement(insert[1].decode(), insert[2].decode(), data)
    return Statement(whole.decode(), None, b"")


class Engine:
    """The engine at one path, which only this process may have open."""

    def __init__(self, path: Path, backups: Path, database: str) -> None:
        self._target = f"{path}?backups.allowed_path={backups}"
        # The engine ends with its last session.
        self._first = Connection(self._target)
        self._first.query(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        self.version = str(self._first.query("SELECT version()", "TabSeparatedRaw")).strip()

    def run(
        self, statement: Statement, database: str, output: str, settings: Mapping[str, str], bound: Mapping[str, str]
    ) -> tuple[bytes, dict[str, str]]:
        """The answer in the format `output` and the summary of the work done; ChdbError when the engine refuses."""
        session = Connection(self._target)
        try:
            session.query("USE `" + database.replace("`", "``") + "`")
            for name, value in settings.items():
                if not name.isidentifier():
                    raise ChdbError(f"Code: 115. DB::Exception: Setting {name} is neither known. (UNKNOWN_SETTING)")
                escaped = value.replace("\\", "\\\\").replace("'", "\\'")
                session.query(f"SET {name} = '{escaped}'")
            if statement.input_format is not None:
                return b"", self._insert(session, statement.text, statement.input_format, statement.data)
            result = session.query(statement.text, output, params=dict(bound))
            return result.bytes(), {"read_rows": str(result.rows_read()), "read_bytes": str(result.bytes_read())}
        finally:
            session.close()

    @staticmethod
    def _insert(session: Connection, text: str, input_format: str, data: bytes) -> dict[str, str]:
        try:
            with session.send_insert(text, input_format) as stream:
                stream.append(data)
                done = stream.finish()
        except RuntimeError as error:
            raise ChdbError(str(error)) from error
        return {"written_rows": str(done.rows_written), "written_bytes": str(done.bytes_written)}


class Server:
    """Answers the requests of ClickHouse's HTTP interface for one user."""

    def __init__(self, engine: Engine, user: str, password: str, database: str) -> None:
        self._engine = engine
        self._user, self._password, self._database = user, password, database

    async def ping(self, _: Request) -> Response:
        """The interface's own question whether it is up."""
        return PlainTextResponse("Ok.\n")

    async def query(self, request: Request) -> Response:
        """One statement."""
        user, password = _credentials(request)
        if not (secrets.compare_digest(user.encode(), self._user.encode()) and
                secrets.compare_digest(password.encode(), self._password.encode())):  # fmt: skip
            reason = "Authentication failed: password is incorrect, or there is no user with such name."
            return self._refusal(f"Code: 516. DB::Exception: {user}: {reason} (AUTHENTICATION_FAILED)")
        given = request.query_params
        decode = _DECODERS.get(request.headers.get("content-encoding", ""))
        if decode is None:
            return self._refusal("Code: 1. DB::Exception: Unknown content encoding. (UNSUPPORTED_METHOD)")
        statement = read_statement(given.get("query", "").encode(), decode(await request.body()))
        output = given.get("default_format") or request.headers.get("x-clickhouse-format", "TabSeparated")
        settings = {
            name: value
            for name, value in given.items()
            if name not in _OWN_PARAMETERS and not name.startswith("param_")
        }
        bound = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
        database = given.get("database") or request.headers.get("x-clickhouse-database") or self._database
        begin = time.monotonic_ns()
        try:
            answer, summary = await run_in_threadpool(
                self._engine.run, statement, database, output, settings, bound
            )  # fmt: skip
        except ChdbError as error:
            return self._refusal(str(error))
        summary = {"read_rows": "0", "written_rows": "0"} | summary
        summary["elapsed_ns"] = str(time.monotonic_ns() - begin)
        headers = {
            "X-ClickHouse-Summary": json.dumps(summary),
            "X-ClickHouse-Query-Id": given.get("query_id", secrets.token_hex(16)),
            "X-ClickHouse-Format": output,
            "X-ClickHouse-Timezone": "UTC",
        }
        return Response(answer, headers=headers, media_type="application/octet-stream")

    def _refusal(self, message: str) -> Response:
        found = _CODE.search(message)
        code = int(found[1]) if found else 1002
        text = message[found.start() :] if found else f"Code: {code}. DB::Exception: {message} (UNKNOWN_EXCEPTION)"
        return PlainTextResponse(
            f"{text} (version {self._engine.version})\n",
            status_code=_STATUS_OF_CODE.get(code, 500),
            headers={"X-ClickHouse-Exception-Code": str(code)},
        )


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    given, headers = request.query_params, request.headers
    user = headers.get("x-clickhouse-user") or given.get("user", "default")
    return user, headers.get("x-clickhouse-key") or given.get("password", "")


def main() -> None:
    """Open the engine and serve it as the settings file (JSON: port, data, backups, user, password, database) says."""
    settings: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    engine = Engine(Path(settings["data"]), Path(settings["backups"]), settings["database"])
    server = Server(engine, settings["user"], settings["password"], settings["database"])
    routes = [Route("/ping", server.ping), Route("/", server.query, methods=["GET", "POST"])]
    uvicorn.run(
        Starlette(routes=routes), host="127.0.0.1", port=settings["port"], log_level="warning", lifespan="off",
        access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip


if __name__ == "__main__":
    main()
