"""Runs the control plane's migrations on the connection that was passed in."""

from __future__ import annotations

from typing import Literal

from alembic import context
from sqlalchemy.sql.schema import SchemaItem

from tenants.models import SCHEMA, ControlBase


def _is_ours(
    item: SchemaItem,
    name: str | None,
    kind: str,
    reflected: bool,
    other: SchemaItem | None,
) -> bool:
    # The outbox's partitions are made as time goes on and are in no model.
    return not (kind == "table" and reflected and (name or "").startswith("outbox_"))


def _in_control(
    name: str | None,
    kind: Literal[
        "schema",
        "table",
        "column",
        "index",
        "unique_constraint",
        "foreign_key_constraint",
    ],
    parents: object,
) -> bool:
    return kind != "schema" or name == SCHEMA


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations with `booking-service migrate`")

context.configure(
    connection=connection,
    target_metadata=ControlBase.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=_in_control,
    include_object=_is_ours,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
