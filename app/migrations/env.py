"""Runs the migrations on the connection that `StyleStore.migrate` hands over."""

from alembic import context

from app.store import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
