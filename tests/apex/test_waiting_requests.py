"""How many requests of a service may wait at the same time, and who is answered meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from apex.runtime import service
from tests.apex.served import served
from tests.apex.test_health import SETTINGS


@pytest.mark.parametrize(("waiting", "threads"), [(60, 400), (4, 4)])
def test_metrics_are_read_while_many_requests_wait(monkeypatch, waiting, threads):
    monkeypatch.setattr(service, "_THREADS", threads)
    begun, over = threading.Barrier(waiting + 1), threading.Event()

    def wait(name: str) -> str:
        begun.wait(20)
        over.wait(20)
        return name

    with served(SETTINGS, wait) as port, ThreadPoolExecutor(waiting) as people:
        asked = [people.submit(httpx.delete, f"http://127.0.0.1:{port}/things/{n}", timeout=30) for n in range(waiting)]
        try:
            begun.wait(20)
            assert httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 200
        finally:
            over.set()
        assert {each.result().status_code for each in asked} == {200}
