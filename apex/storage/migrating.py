"""What migrations share: statements that are run as they are written, for the role that the services connect with."""

from __future__ import annotations

from typing import Any

from alembic import context, op
from psycopg import sql

APPLICATION_ROLE = "apex_app"
"""How the statements name that role."""


def execute(statements: str) -> None:
    """Run statements. The role is that of ``database.url``, whatever a deployment calls it."""
    role = sql.Identifier(context.config.attributes["application_role"]).as_string(None)
    # The driver's own connection: the statements hold colons and percent signs that are no parameters.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements.replace(APPLICATION_ROLE, role))
