"""The page for platforms of others: its folder leads to a green and a red scenario; bad input is said at once."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from support.scenario.waiting import wait_for
from support.settings import CHECKOUT
from support.stack.ports import PortRange
from support.stack.readiness import http_serves
from support.surroundings import base_environment, credentials
from tests import tls_front

PAGE = (CHECKOUT / "docs" / "your-platform.md").read_text("utf-8")
KEY = "a-key-of-the-small-platform-that-is-long-enough"
GREEN, RED = re.findall(r'--name "([^"]+)"', PAGE)[:2]


def block(language: str) -> str:
    """The first block of code of the page in that language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the small platform listens."""
    port = PortRange(20000, 29999).reserve()
    line = [sys.executable, "-m", "tests.platform.small_platform", str(port)]
    with subprocess.Popen(line, cwd=CHECKOUT, env=base_environment(), stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        print(KEY, file=process.stdin, flush=True)
        wait_for(lambda: _serves(port), lambda seen: seen, 30, "the small platform")
        yield port
        process.kill()


def _serves(port: int) -> bool:
    try:
        http_serves(f"http://127.0.0.1:{port}/small/health")
    except requests.RequestException:
        return False
    return True


@pytest.fixture
def folder(tmp_path: Path, port: int) -> Path:
    """The folder of the page, outside the checkout."""
    made = tmp_path / "ours"
    made.mkdir()
    (made / "target.toml").write_text(block("toml").replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
    (made / "driver.py").write_text(block("python"))
    return made


def played(folder: Path, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """A run on the platform of a folder, as a new user calls it."""
    given: Mapping[str, str] = {"ACCEPTANCE_SIGNING_KEY": key} if key else {}
    line = [sys.executable, "-P", "-m", "support.cli.acceptance", "-D", "target=./ours", "-D", "reports=./reports"]
    environment = base_environment() | {"PYTHONPATH": str(CHECKOUT)} | dict(given)
    return subprocess.run(
        [*line, *arguments],
        cwd=folder.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_first_green_scenario(folder):
    done = played(folder, "--name", GREEN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 0 failed" in done.stdout


def test_the_first_red_scenario(folder):
    done = played(folder, "--name", RED)
    assert done.returncode == 1, done.stderr
    assert "violated at: Then Acme can finish a usage report" in done.stdout
    assert KEY not in done.stdout + "".join(each.read_text() for each in folder.parent.glob("reports/**/*.json"))


def test_what_needs_more_is_skipped_with_the_reason(folder):
    said = (folder / "target.toml").read_text()
    (folder / "target.toml").write_text(said.replace("capabilities = []", 'capabilities = ["own_services"]'))
    done = played(folder, "--tags=@AEC-12", "--dry-run")
    assert done.returncode == 0
    done = played(folder, "--tags=@API-07")
    assert "services that the suite starts and breaks (the run did not start it)" in done.stdout


def test_every_fault_is_said_at_once_before_anything_is_played(folder, port):
    said = (folder / "target.toml").read_text().replace("/small", "/small?x=1").replace("limits", "limit")
    (folder / "target.toml").write_text(said.replace("[]", '["flying"]') + '\nca = "none.pem"\n')
    done = played(folder, "--name", GREEN)
    assert done.returncode == 2
    faults = done.stderr.splitlines()
    assert all(line.startswith(f"behave: {folder / 'target.toml'}: ") for line in faults)
    for fault in (
        "lacks the entry 'limits'",
        "there is no entry limit;",
        "there is no capability flying;",
        "addresses.api: ",
    ):
        assert sum(fault in line for line in faults) == 1, done.stderr
    assert not (folder.parent / "reports" / "results.json").exists()


def test_a_missing_credential_and_a_platform_that_is_not_there_are_named(folder):
    said = (folder / "target.toml").read_text()
    (folder / "target.toml").write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", said))
    done = played(folder, "--name", GREEN, key="")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert "the variable ACCEPTANCE_SIGNING_KEY is not set" in first
    assert "http://127.0.0.1:9/small does not answer (Connection refused)" in second


def test_behind_tls_of_a_private_authority_and_a_path_prefix(folder, port):
    with tls_front.serving(folder, {"/eu": port}) as front:
        said = (folder / "target.toml").read_text().replace(f"http://127.0.0.1:{port}", f"{front.url}/eu")
        (folder / "target.toml").write_text(said)
        refused = played(folder, "--name", GREEN)
        assert refused.returncode == 2
        assert "a private authority's certificates go into the entry ca" in refused.stderr
        (folder / "target.toml").write_text(f'ca = "ca.pem"\n{said}')
        assert "3 passed, 0 failed" in played(folder, "--name", GREEN).stdout


def test_a_platform_that_runs_once_serves_one_lane(folder):
    done = played(folder, "--jobs", "2", "--name", GREEN)
    assert done.returncode == 2
    assert "serves one lane" in done.stderr


def test_no_service_is_given_credentials_by_its_environment(monkeypatch):
    monkeypatch.setenv("ACCEPTANCE_SIGNING_KEY", KEY)
    assert credentials() == {"ACCEPTANCE_SIGNING_KEY": KEY}
    assert "ACCEPTANCE_SIGNING_KEY" not in base_environment()
