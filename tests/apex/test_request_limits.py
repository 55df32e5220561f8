"""Requests that are too large, too slow or no HTTP at all get an answer that says so, and are closed."""

import json
import socket
from collections.abc import Iterator

import pytest
import websocket

from apex.settings import Requests
from tests.apex.examples import SETTINGS
from tests.apex.served import served

SHORT = 1.0
GET = b"GET /things HTTP/1.1\r\nhost: a\r\n"
HANDSHAKE = (
    b"GET /events HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
POST = b"POST /things HTTP/1.1\r\nhost: a\r\n"
COOKIES = b"cookie: " + b"c" * 9_000 + b"\r\n"
MANY = b"".join(b"x-%d: 1\r\n" % n for n in range(101))
NO_HTTP = [b"\x16\x03\x01 TLS", b"GET\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n"]
LARGE = b"".join(b"x-%d: %s\r\n" % (n, b"x" * 8_000) for n in range(5))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits = Requests(head_seconds=SHORT, body_seconds=SHORT, max_body_bytes=100_000)
    with served(SETTINGS.model_copy(update={"requests": limits})) as port:
        yield port


def answer(port: int, *sent: bytes) -> tuple[int, dict[str, str]]:
    """Status and problem of the answer to what is sent; the connection is closed after it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for part in sent:
            line.sendall(part)
        got = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, json.loads(body) if body.startswith(b"{") else {}


@pytest.mark.parametrize("begin", [GET, HANDSHAKE])
@pytest.mark.parametrize(
    ("rest", "status", "code"),
    [
        (COOKIES + b"\r\n", 431, "headers_too_large"),
        (MANY + b"\r\n", 431, "headers_too_large"),
        (LARGE + b"\r\n", 431, "headers_too_large"),
        (b"cookie: " + b"c" * 100_000, 431, "headers_too_large"),
        (b"c" * 100_000, 431, "headers_too_large"),
        (b"no header\r\n\r\n", 400, "bad_request"),
        (b"cookie: c", 408, "request_timeout"),
    ],
)
def test_a_head_beyond_the_limits_is_refused(port, begin, rest, status, code):
    got, problem = answer(port, begin + rest)
    assert (got, problem["code"]) == (status, code)
    assert problem["request_id"]


@pytest.mark.parametrize("address", [b"/" + b"a" * 9_000, b"/things?a=" + b"a" * 200_000])
def test_an_address_beyond_the_limit_is_refused(port, address):
    assert answer(port, GET.replace(b"/things", address) + b"\r\n")[0] == 414


@pytest.mark.parametrize("sent", NO_HTTP)
def test_what_is_no_http_is_refused(port, sent):
    assert answer(port, sent)[1]["code"] == "bad_request"


@pytest.mark.parametrize("extra", [b"content-length: 3\r\n\r\nabc", b"transfer-encoding: chunked\r\n\r\n"])
def test_a_handshake_that_cannot_be_one_is_answered(port, extra):
    assert answer(port, HANDSHAKE + extra)[0] == 400


@pytest.mark.parametrize("rest", [b"not a size", b"0\r\nx: " + b"x" * 100_000, b"0\r\n" + MANY])
def test_what_goes_wrong_in_a_body_is_refused_at_once(port, rest):
    assert answer(port, POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n" + rest)[0] in (400, 431)


def test_a_body_that_does_not_come_is_given_up(port):
    assert answer(port, POST + b"content-length: 10\r\n\r\nabc")[1]["code"] == "request_timeout"


def test_who_says_nothing_is_given_up(port):
    assert answer(port) == (0, {})


def test_what_is_within_the_limits_is_served(port):
    cookies = b"cookie: " + b"c" * 8_000 + b"\r\n"
    assert answer(port, GET + cookies + b"connection: close\r\n\r\n")[0] == 200
    websocket.create_connection(f"ws://127.0.0.1:{port}/events", cookie="c" * 8_000, timeout=20).close()


def test_a_connection_is_used_again_and_again(port):
    once = POST + b"content-length: 50000\r\n"
    bodies = b"\r\n" + b"x" * 50_000
    assert answer(port, once + bodies, once + bodies, once + b"connection: close\r\n" + bodies)[0] == 200


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_head_may_come_in_pieces(port, pieces):
    whole = GET + b"cookie: " + b"c" * 8_000 + b"\r\nconnection: close\r\n\r\n"
    size = len(whole) // pieces + 1
    assert answer(port, *(whole[at : at + size] for at in range(0, len(whole), size)))[0] == 200
