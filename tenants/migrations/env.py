"""Runs the control plane's migrations on the connection that was passed in."""

from __future__ import annotations

from alembic import context

from tenants.models import SCHEMA, ControlBase

# The outbox's partitions are made as time goes on and are in no model.
PARTITION = "outbox_"


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    if kind == "schema":
        return name == SCHEMA
    return not (kind == "table" and (name or "").startswith(PARTITION))


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations with `booking-service migrate`")

context.configure(
    connection=connection,
    target_metadata=ControlBase.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=_is_ours,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
