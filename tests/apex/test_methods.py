"""What an address allows, whatever the caller says of the host; and who is believed about where they are."""

from collections.abc import Iterator
from ipaddress import IPv4Network

import httpx
import pytest

from tests.apex.examples import SETTINGS
from tests.apex.served import served


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(SETTINGS) as port:
        yield f"http://127.0.0.1:{port}"


def test_head_is_answered_like_get_without_the_body(url):
    head, get = httpx.head(f"{url}/things"), httpx.get(f"{url}/things")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(get.content)))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/things", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/things", {"GET", "HEAD", "POST"}),
        ("HEAD", "/things/a", {"DELETE"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
    ],
)
def test_a_refused_method_names_all_that_are_allowed(url, method, path, allowed):
    answer = httpx.request(method, url + path)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, allowed)


@pytest.mark.parametrize("path", ["/things/", "/metrics/"])
def test_a_trailing_slash_leads_nowhere(url, path):
    answer = httpx.get(url + path, headers={"host": "evil.example"})
    assert (answer.status_code, "location" in answer.headers, "evil" in answer.text) == (404, False, False)


@pytest.mark.parametrize(("trusted", "address"), [([], "127.0.0.1"), ([IPv4Network("127.0.0.0/8")], "203.0.113.9")])
def test_only_a_trusted_proxy_is_believed(trusted, address):
    with served(SETTINGS.model_copy(update={"trusted_proxies": trusted})) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/things", headers={"x-forwarded-for": "198.51.100.1, 203.0.113.9"})
    assert answer.json() == address
