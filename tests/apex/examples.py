"""What several tests of the platform begin with."""

from typing import Any

from apex.settings import Settings

DEPLOYMENT: dict[str, Any] = {
    "environment": "test",
    "auth": {"issuer": "https://apex.example", "signing_keys": [{"id": "one", "secret": "s" * 32}]},
    "internal": {"signing_key": "k" * 32},
    "database": {"url": "postgresql://nowhere", "owner_url": "postgresql://nowhere"},
    "redis": {"url": "redis://127.0.0.1:1/0"},
    "clickhouse": {"url": "http://127.0.0.1:1"},
    "cloud": {"access_key_id": "none", "secret_access_key": "none"},
    "partners": {"pricing_url": "http://127.0.0.1:1"},
    "discovery": {"heartbeat_seconds": 0.05, "lease_seconds": 0.1},
}
"""A configuration of a deployment whose stores are nowhere."""
SETTINGS = Settings.model_validate(DEPLOYMENT)
"""Its settings."""
