"""How Alembic runs here: always on the connection, and in the transaction, of :mod:`perfbot.history.store.migrate`."""

from __future__ import annotations

from alembic import context

from perfbot.history.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
