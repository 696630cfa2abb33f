"""Runs the shop migrations on the connection that was passed in.

The connection sees one shop's schema, so no name here is qualified, and the
version table lies in that schema too.
"""

from __future__ import annotations

from alembic import context

from booking_service.models import ShopBase

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations with `booking-service migrate`")

context.configure(
    connection=connection, target_metadata=ShopBase.metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
