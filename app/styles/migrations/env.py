"""Runs the migrations on the connection that `StyleStore.migrate` hands over."""

from alembic import context

from impasto.app.styles.store import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
