"""Whether defects may be loaded is decided by the deployment, whatever the environment is called."""

import subprocess
import sys
from pathlib import Path

import pytest

from apex.defects import catalogue
from apex.launch import EXIT_REFUSED

CHECKOUT = Path(__file__).parents[2]
ENVIRONMENTS = ("test", "development", "staging", "production")
SECRET = "a-secret-of-more-than-thirty-two-characters"

CONFIG = """
environment = "{environment}"
{deployment}
[auth]
issuer = "apex"
signing_keys = [{{ id = "one", secret = "{secret}" }}]
[internal]
signing_key = "{secret}"
[database]
url = "postgresql://apex_app:{secret}@127.0.0.1:9/apex"
owner_url = "postgresql://apex_owner:{secret}@127.0.0.1:9/apex"
[redis]
url = "redis://:{secret}@127.0.0.1:9/0"
[clickhouse]
url = "http://apex:{secret}@127.0.0.1:9/apex"
[cloud]
access_key_id = "{secret}"
secret_access_key = "{secret}"
[partners]
pricing_url = "http://127.0.0.1:9"
"""


def start(tmp_path: Path, environment: str, deployment: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "apex.toml"
    config.write_text(CONFIG.format(environment=environment, deployment=deployment, secret=SECRET))
    command = [sys.executable, "-m", "apex.worker", "--config", str(config), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("deployment", ['deployment = "live"', ""], ids=["live", "default"])
def test_a_live_deployment_refuses_to_start_with_a_defect(tmp_path, environment, deployment):
    ended = start(tmp_path, environment, deployment, "--defect", "AEC-04a")
    assert ended.returncode == EXIT_REFUSED
    assert ended.stderr == ("apex.worker: start refused: deployment: 'live' loads no defects (asked for: AEC-04a)\n")


def test_a_rehearsal_loads_the_defect_and_goes_on_to_its_stores(tmp_path):
    # The control: the same start is not refused; it gets as far as the database, which is not there.
    ended = start(tmp_path, "production", 'deployment = "rehearsal"', "--defect", "AEC-04a")
    assert ended.returncode not in (0, EXIT_REFUSED)
    assert "start refused" not in ended.stderr


@pytest.mark.parametrize(
    ("defect", "reason"),
    [
        ("AEC-99z", "defect: there is no 'AEC-99z' in the catalogue; see python -m apex.defects --list"),
        ("AEC-07a", "defect: 'AEC-07a' belongs to the service backend, not to worker"),
    ],
)
def test_a_defect_that_is_unknown_or_of_another_service_is_refused(tmp_path, defect, reason):
    ended = start(tmp_path, "test", 'deployment = "rehearsal"', "--defect", defect)
    assert (ended.returncode, ended.stderr) == (EXIT_REFUSED, f"apex.worker: start refused: {reason}\n")


def test_every_fault_of_a_configuration_is_named_at_once_and_no_secret_is_shown(tmp_path):
    config = tmp_path / "apex.toml"
    config.write_text(f'environment = "test"\nunknown = 1\n[redis]\nurl = "redis://:{SECRET}@127.0.0.1"\n')
    command = [sys.executable, "-m", "apex.worker", "--config", str(config)]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == EXIT_REFUSED
    for key in ("unknown", "database", "auth.issuer", "internal", "clickhouse", "cloud", "partners"):
        assert f"{key}: " in ended.stderr
    assert SECRET not in ended.stderr


def test_the_catalogue_is_of_known_services_and_well_formed_ids():
    for id, defect in catalogue().items():
        assert (defect.id, defect.promise) == (id, id[:6])
        assert defect.service in ("auth", "backend", "worker", "tools", "analytics")
        assert defect.summary
