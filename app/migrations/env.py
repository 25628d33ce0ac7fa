"""Runs the migrations on the connection that `migrate` hands over."""

from alembic import context

from impasto.app.database import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
