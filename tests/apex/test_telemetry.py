"""What the platform logs of a fault, and what it must not."""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SECRET = "pw-that-nobody-may-read"

PROGRAM = f"""
import logging
import structlog
from apex.runtime.telemetry import configure_logs

configure_logs("auth", "auth-1", "info")

def log_in(password):
    raise RuntimeError("the store is gone")

try:
    log_in("{SECRET}")
except RuntimeError as error:
    structlog.get_logger().error("request failed", exc_info=error)
    logging.getLogger("some.library").error("failed", exc_info=error)
"""


def test_a_traceback_is_logged_without_the_variables_of_its_frames():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["request failed", "failed"]
    for line in lines:
        # The control: the traceback itself is there, with the function that had the secret in hand.
        assert [frame["name"] for frame in line["exception"][0]["frames"]] == ["<module>", "log_in"]
        assert line["exception"][0]["exc_value"] == "the store is gone"
    assert SECRET not in ended.stdout + ended.stderr


def test_passwords_and_tokens_are_not_shown_by_the_models_that_hold_them():
    from apex.auth.models import Acceptance, PasswordGrant, RefreshGrant, SignUp

    held = [
        SignUp.model_validate({"organisation": "Acme", "email": "a@x.example", "password": SECRET}),
        PasswordGrant.model_validate({"grant_type": "password", "email": "a@x.example", "password": SECRET}),
        RefreshGrant.model_validate({"grant_type": "refresh_token", "refresh_token": SECRET}),
        Acceptance.model_validate({"token": SECRET, "password": SECRET}),
    ]
    assert SECRET not in repr(held) + str(held)
