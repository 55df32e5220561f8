"""What the stack hands to our code in the platform's process."""

import os


def signing_key() -> str:
    """The key of the run's tokens."""
    return os.environ["ACCEPTANCE_SIGNING_KEY"]


def partner_url() -> str:
    """The partner whose API the tools ask."""
    return os.environ["ACCEPTANCE_PARTNER_URL"]


def cloud() -> tuple[str, str]:
    """The endpoint and the region of the cloud in which customers have their accounts."""
    return os.environ["ACCEPTANCE_CLOUD_URL"], os.environ["ACCEPTANCE_CLOUD_REGION"]


def database_url() -> str:
    """The database, for a platform that our code configures."""
    return os.environ["ACCEPTANCE_DATABASE_URL"]


def redis_url() -> str:
    """Redis, for such a platform."""
    return os.environ["ACCEPTANCE_REDIS_URL"]
