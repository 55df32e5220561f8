"""Whether defects may be loaded is decided by the deployment, whatever the environment is called."""

from pathlib import Path

import pytest

from apex.runtime.launch import EXIT_REFUSED
from defects import catalogue
from tests.apex.starts import start, start_from_memory

A_DEFECT = ("--catalogue", "defects", "--defect", "AEC-04a")
ENVIRONMENTS = ("test", "development", "staging", "production")
SECRET = "a-secret-of-more-than-thirty-two-characters"

CONFIG = """
environment = "{environment}"
{deployment}
[auth]
issuer = "apex"
signing_keys = [{{ id = "one", secret = "{secret}" }}]
[internal]
signing_key = "{secret}-internal"
[database]
url = "postgresql://apex_app:{secret}@127.0.0.1:9/apex?sslmode=verify-full"
owner_url = "postgresql://apex_owner:{secret}@127.0.0.1:9/apex?sslmode=verify-full"
[redis]
url = "rediss://:{secret}@127.0.0.1:9/0"
[clickhouse]
url = "https://apex:{secret}@127.0.0.1:9/apex"
[cloud]
access_key_id = "{secret}"
secret_access_key = "{secret}"
[partners]
pricing_url = "http://127.0.0.1:9"
"""


def config(tmp_path: Path, environment: str, deployment: str) -> Path:
    path = tmp_path / "apex.toml"
    path.write_text(CONFIG.format(environment=environment, deployment=deployment, secret=SECRET))
    return path


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("deployment", ['deployment = "live"', ""], ids=["live", "default"])
def test_a_live_deployment_refuses_to_start_with_a_defect(tmp_path, environment, deployment):
    ended = start_from_memory(
        config(tmp_path, environment, deployment), "--catalogue", "defects", "--defect", "AEC-04a"
    )
    refusal = "apex.worker: start refused: deployment: 'live' loads no defects (asked for: AEC-04a)\n"
    assert ended == (EXIT_REFUSED, refusal)


def test_a_rehearsal_loads_the_defect_and_goes_on_to_its_stores(tmp_path):
    # The control: the same start is not refused; it gets as far as the database, which is not there.
    code, said = start(
        config(tmp_path, "production", 'deployment = "rehearsal"'), "--catalogue", "defects", "--defect", "AEC-04a"
    )
    assert code not in (0, EXIT_REFUSED)
    assert "start refused" not in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--catalogue", "defects", "--defect", "AEC-99z"], "defect: there is no 'AEC-99z' in the catalogue 'defects'"),
        (
            ["--catalogue", "defects", "--defect", "AEC-07a"],
            "defect: 'AEC-07a' belongs to the service backend, not to worker",
        ),
        (["--defect", "AEC-04a"], "defect: which catalogue? name its module with --catalogue"),
        (
            ["--catalogue", "nowhere", "--defect", "AEC-04a"],
            "catalogue: 'nowhere' cannot be used: No module named 'nowhere'",
        ),
    ],
)
def test_a_defect_that_cannot_be_loaded_is_refused(tmp_path, arguments, reason):
    ended = start_from_memory(config(tmp_path, "test", 'deployment = "rehearsal"'), *arguments)
    assert ended == (EXIT_REFUSED, f"apex.worker: start refused: {reason}\n")


def test_every_fault_of_a_configuration_is_named_at_once_and_no_secret_is_shown(tmp_path):
    path = tmp_path / "apex.toml"
    path.write_text(f'environment = "test"\nunknown = 1\n[redis]\nurl = "redis://:{SECRET}@127.0.0.1"\n')
    code, said = start(path)
    assert code == EXIT_REFUSED
    for key in ("unknown", "database", "auth.issuer", "internal", "clickhouse", "cloud.access_key_id", "partners"):
        assert f"{key}: " in said
    assert SECRET not in said


def test_the_catalogue_is_of_known_services_and_well_formed_ids():
    for id, defect in catalogue().items():
        assert (defect.id, defect.promise) == (id, id[:6])
        assert defect.service in ("auth", "backend", "worker", "tools", "analytics")
        assert defect.summary
