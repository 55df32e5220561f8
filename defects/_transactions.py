"""How a defect breaks a transaction in two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text


def final_so_far(connection: Connection, tenant_id: str) -> None:
    """What the transaction has written is final, whatever becomes of the rest."""
    driver: Any = connection.connection.driver_connection
    driver.commit()
    connection.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": tenant_id})
