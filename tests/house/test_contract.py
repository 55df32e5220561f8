"""The published contract is what the code says."""

import shutil
import subprocess
import sys

import pytest

from support.settings import CHECKOUT, base_environment

CHECK = [sys.executable, "-m", "apex.contract", "--check"]


def checked(folder):
    return subprocess.run(CHECK, cwd=folder, env=base_environment(), capture_output=True, text=True, check=False)


def test_contract_is_current():
    done = checked(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", ["openapi-backend.json", "asyncapi.json"])
def test_stale_document_is_found(tmp_path, document):
    shutil.copytree(CHECKOUT / "apex", tmp_path / "apex", ignore=shutil.ignore_patterns("__pycache__"))
    published = tmp_path / "apex" / "contract" / document
    published.write_text(published.read_text(encoding="utf-8").replace("agent", "assistant", 1), encoding="utf-8")
    done = checked(tmp_path)
    assert done.returncode == 1
    assert document in done.stdout
