"""Alembic's entry point; it runs on the connection handed over by ``apex.database.migrate``."""

from alembic import context

from apex.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
