"""What the stack hands to our code in the platform's process, beside what the probe's agents need."""

import os


def database_url() -> str:
    """The database, in the words of SQLAlchemy."""
    return os.environ["ACCEPTANCE_DATABASE_URL"]


def redis_url() -> str:
    """Redis, for what several instances share of running agents."""
    return os.environ["ACCEPTANCE_REDIS_URL"]
