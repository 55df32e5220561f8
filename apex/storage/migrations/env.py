"""Alembic's entry point; it runs on the connection handed over by ``apex.storage.database.migrate``."""

from alembic import context

from apex.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
