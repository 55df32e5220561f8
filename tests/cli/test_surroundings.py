"""Nothing on the machine of whoever calls reaches a run: neither a variable nor a dot file that a library reads."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.surroundings import base_environment, command_environment, setup_environment

NOWHERE = "http://127.0.0.1:9"

VARIABLES = {
    # requests, httpx, urllib3, websocket-client, clickhouse-connect
    **dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"), NOWHERE),
    **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"), "/dev/null"),
    "SSLKEYLOGFILE": "/nonexistent/keys",
    # libpq
    "PGHOST": "127.0.0.2", "PGHOSTADDR": "127.0.0.2", "PGPORT": "9", "PGUSER": "root", "PGPASSWORD": "x",
    "PGDATABASE": "x", "PGSSLMODE": "require", "PGSSLROOTCERT": "/dev/null",
    "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none", "PGGSSENCMODE": "require", "PGSERVICE": "work",
    "PGPASSFILE": "/dev/null", "PGOPTIONS": "-c statement_timeout=1",
    "PGTZ": "Asia/Tokyo", "PGCLIENTENCODING": "LATIN1", "PGDATESTYLE": "German", "PGTARGETSESSIONATTRS": "standby",
    "PGDATA": "/nonexistent", "PGAPPNAME": "x", "PGCONNECT_TIMEOUT": "1",
    # botocore, moto
    "AWS_PROFILE": "work", "AWS_DEFAULT_PROFILE": "work", "AWS_REGION": "xx-1", "AWS_DEFAULT_REGION": "xx-1",
    "AWS_ENDPOINT_URL": NOWHERE, "AWS_CA_BUNDLE": "/nonexistent", "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "x", "AWS_CONFIG_FILE": "/dev/null",
    "AWS_RETRY_MODE": "nonsense", "AWS_USE_FIPS_ENDPOINT": "true",
    "MOTO_ACCOUNT_ID": "1", "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "BOTO_CONFIG": "/dev/null",
    # behave
    "BEHAVE_STAGE": "work", "BEHAVE_COLOR": "always", "BEHAVE_UNICODE_ERRORS": "nonsense",
    "GHERKIN_COLORS": "passed=red",
    # Python
    "PYTHONPATH": "here", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONSAFEPATH": "1", "PYTHONDEVMODE": "1",
    "PYTHONHOME": "/nonexistent", "PYTHONSTARTUP": "/nonexistent", "PYTHONPLATLIBDIR": "nonsense",
    "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/nonexistent", "PYTHONTRACEMALLOC": "1",
    "PYTHONINSPECT": "1",
    "VIRTUAL_ENV": "/nonexistent", "COVERAGE_PROCESS_START": "x",
    # Locale and time
    "LC_ALL": "POSIX", "LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "C", "LC_NUMERIC": "de_DE", "LANGUAGE": "de",
    "TZ": "Asia/Kathmandu",
    # pytest, Hypothesis, ruff, mypy
    "PYTEST_ADDOPTS": "--nosuch", "PYTEST_PLUGINS": "nosuch", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "true",
    "HYPOTHESIS_PROFILE": "nosuch", "MYPYPATH": "/nonexistent", "MYPY_CACHE_DIR": "/dev/null",
    "RUFF_CONFIG": "/nonexistent",
    # git, as it calls its hooks
    "GIT_DIR": "/nonexistent", "GIT_WORK_TREE": "/nonexistent", "GIT_INDEX_FILE": "/nonexistent",
    # What the platform and its libraries can be configured with
    "APEX_ENVIRONMENT": "production", "APEX_DATABASE__URL": "postgresql://elsewhere", "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_SAMPLER": "always_off", "PROMETHEUS_MULTIPROC_DIR": "/nonexistent", "WEB_CONCURRENCY": "9",
    "UVICORN_PORT": "9", "FORWARDED_ALLOW_IPS": "*", "WEBSOCKETS_MAX_LOG_SIZE": "x", "LOG_LEVEL": "nonsense",
    "REDIS_URL": "redis://127.0.0.1:9", "CLICKHOUSE_HOST": "127.0.0.2", "DATABASE_URL": "postgresql://elsewhere",
    "DOCKER_HOST": "tcp://127.0.0.1:9", "TESTCONTAINERS_RYUK_DISABLED": "x", "DOCKER_CONFIG": "/dev/null",
    "COLUMNS": "0", "LINES": "x", "TERM": "nonsense", "TMP": "/nonexistent", "TEMP": "/nonexistent", "FORCE_COLOR": "1",
}  # fmt: skip

ANOTHER_BEHAVE = "tags = not @gate\nrunner = no.such:Runner\nstop = true\nshow_skipped = true"

DOT_FILES = {
    ".netrc": "default login somebody password secret\n",
    ".pgpass": "*:*:*:*:wrong\n",
    ".pg_service.conf": "[work]\nhost=127.0.0.2\n",
    ".postgresql/root.crt": "no certificate",
    ".postgresql/postgresql.crt": "no certificate",
    ".aws/config": f"[default]\nregion = xx-1\nca_bundle = /nonexistent\nendpoint_url = {NOWHERE}\n",
    ".aws/credentials": "[default]\naws_access_key_id = x\n",
    ".boto": "[Credentials]\naws_access_key_id = x\n",
    ".gitconfig": "not a configuration",
    ".config/git/config": "not a configuration",
    ".config/mypy/config": "[mypy]\nplugins = nosuch\n",
    ".docker/config.json": "no JSON",
    ".testcontainers.properties": "tc.host=tcp://127.0.0.1:9",
    ".behaverc": f"[behave]\n{ANOTHER_BEHAVE}\n",
    "behave.ini": f"[behave]\n{ANOTHER_BEHAVE}\n[behave.userdata]\nnosuch = setting\n",
    "setup.cfg": f"[behave]\n{ANOTHER_BEHAVE}\n",
    "tox.ini": f"[behave]\n{ANOTHER_BEHAVE}\n",
    "pyproject.toml": '[tool.behave]\ntags = ["not @gate"]\n',
}


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """A machine where everything is set to what breaks a run; what Python finds first is a broken behave."""
    home = tmp_path / "home"
    for name, text in DOT_FILES.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
    for name in ("behave.py", "pytest.py", "requests.py", "sitecustomize.py"):
        (home / name).write_text("raise SystemExit('not mine')", encoding="utf-8")
    homes = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "PYTHONUSERBASE", "PYTHONPATH")}
    return VARIABLES | homes | {"PATH": base_environment()["PATH"]}


def called(environment: dict[str, str], *command: str | Path, cwd: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=180, check=False
    )


@pytest.mark.parametrize("environment", [base_environment, command_environment])
def test_only_what_is_on_the_list_is_handed_on(surroundings, monkeypatch, environment):
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    found = environment()
    changed = {name for name, value in found.items() if surroundings.get(name) == value}
    assert changed <= {"PATH", "TERM", "COLUMNS", "LINES"}
    assert not Path(found["HOME"]).exists()


def test_environment_is_complete_where_nothing_is_set(monkeypatch):
    monkeypatch.delenv("PATH")
    monkeypatch.setenv("TMPDIR", "relative")
    assert base_environment()["PATH"]
    assert base_environment()["TMPDIR"] == str(Path("relative").absolute())


def test_set_up_is_told_where_packages_come_from_and_nothing_else(monkeypatch):
    told = {"HTTPS_PROXY": NOWHERE, "PIP_INDEX_URL": NOWHERE, "SSL_CERT_FILE": "/cert", "HOME": "/nonexistent/home"}
    for name, value in {**told, "PIP_TARGET": "/t", "PIP_USER": "1", "PYTHONPATH": "/p", "PIP_CONSTRAINT": "c"}.items():
        monkeypatch.setenv(name, value)
    found = setup_environment()
    assert told.items() <= found.items()
    assert not {"PIP_TARGET", "PYTHONPATH", "PIP_CONSTRAINT"} & found.keys()
    assert found["PIP_USER"] == "0"


def test_run_is_the_same_in_hostile_surroundings(surroundings, tmp_path):
    """The scenarios between them use every client that the suite and the platform have."""
    done = called(
        surroundings, CHECKOUT / "bin" / "acceptance", "--jobs=1", "-D", f"reports={tmp_path / 'reports'}",
        "--tags=@smoke and (@agent_execution or @tool_dispatcher)",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "✓" in done.stdout
    results = json.loads((tmp_path / "reports" / "results.json").read_text("utf-8"))
    assert {scenario["verdict"] for scenario in results["scenarios"]} == {"proven"}


@pytest.mark.parametrize("command", ["bin/acceptance", "behave"])
def test_every_scenario_is_selected_whatever_is_configured_at_home(surroundings, command):
    # A Python that is started by somebody else cannot be kept from its own variables.
    own = {name: value for name, value in surroundings.items() if command != "behave" or "PYTHON" not in name}
    place = CHECKOUT / command if "/" in command else CHECKOUT / ".venv" / "bin" / command
    expected = called(command_environment(), CHECKOUT / "bin" / "acceptance", "--dry-run")
    found = called(own, place, "--dry-run")
    assert "scenarios are selected" in expected.stdout
    assert (found.returncode, found.stderr, found.stdout) == (0, "", expected.stdout)


def test_tests_are_the_same_in_hostile_surroundings(surroundings):
    done = called(surroundings, CHECKOUT / "bin" / "test", "tests/house/test_python.py", "-k", "docstring or relative")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_commands_work_where_nothing_is_set():
    done = called({}, CHECKOUT / "bin" / "acceptance", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_commands_work_where_nobody_listens(closed):
    line = f"{shlex.quote(str(CHECKOUT / 'bin' / 'acceptance'))} --dry-run --stage smoke {closed}"
    done = called(base_environment(), "sh", "-c", line)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["acceptance", "prove", "stack", "bench", "test", "walk"])
def test_removed_current_folder_is_refused_in_one_line(tmp_path, name):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"rmdir {shlex.quote(str(gone))} && exec {shlex.quote(str(CHECKOUT / 'bin' / name))} --help"
    done = called(base_environment(), "sh", "-c", script, cwd=gone)
    assert done.returncode == 2
    # The shell that starts the command complains by itself.
    said = [line for line in done.stderr.splitlines() if "getcwd" not in line and not line.startswith("shell-init")]
    assert said == [f"bin/{name}: the current folder does not exist any more; call it from another one"]
