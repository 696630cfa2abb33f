"""Bring the control schema and the shops' schemas to their newest revision."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from tenants import partitions
from tenants import roles as deployment_roles
from tenants.database import Cell, Database, become
from tenants.models import SCHEMA, ShopRecord
from tenants.registry import all_shops

LOCK_TIMEOUT = "2s"
# So that two processes that start together do not both migrate: any fixed number.
MIGRATION_LOCK = 0x626F_6F6B_696E_67

# Alembic keeps the running migration in module globals: one at a time a process.
_alembic = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What became of one shop; ``error`` is None when it is at the head."""

    slug: str
    revision: str
    changed: bool
    error: str | None = None


class Migrations:
    """The two histories that ``alembic.ini`` names."""

    def __init__(self, ini: Path) -> None:
        """Read the sections ``[control]`` and ``[shop]`` of ``ini``."""
        self._ini = ini

    @cached_property
    def shop_head(self) -> str:
        """The newest revision of a shop's schema."""
        head = ScriptDirectory.from_config(self._config("shop")).get_current_head()
        assert head is not None  # the history is not empty
        return head

    def upgrade(self, section: str, connection: Connection) -> None:
        """Run what is missing inside the connection's transaction.

        Args:
            section: ``control`` or ``shop``.
            connection: For a shop, pinned to the owner and the shop's schema.
        """
        with _alembic:
            command.upgrade(self._config(section, connection), "head")

    def check(self, section: str, connection: Connection) -> None:
        """Raise unless the models and the migrated schema agree."""
        with _alembic:
            command.check(self._config(section, connection))

    def _config(self, section: str, connection: Connection | None = None) -> Config:
        config = Config(str(self._ini), ini_section=section)
        config.attributes["connection"] = connection
        return config


def migrate_control(cell: Cell, migrations: Migrations) -> None:
    """Create or upgrade roles and tables that the cell's shops share.

    Raises:
        UnsafeLogin: The service's login has rights it must not have.
    """
    names = cell.roles
    with cell.admin_transaction() as connection:
        deployment_roles.refuse_other_database(connection, names)
        connection.execute(
            text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}
        )
        deployment_roles.prepare(connection, names, cell.login)
        connection.execute(
            text(f'CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION "{names.owner}"')
        )
        connection.execute(
            text(f"CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA {SCHEMA}")
        )
        become(connection, names.owner)
        migrations.upgrade("control", connection)
        partitions.ensure(connection, dt.datetime.now(dt.UTC).date())
        deployment_roles.grant_control_tables(connection, names)


def migrate_shops(
    database: Database,
    migrations: Migrations,
    *,
    only: Callable[[ShopRecord], bool] = lambda _: True,
) -> Iterator[Outcome]:
    """Bring shops to the head, each in a transaction of its own.

    A shop that fails is reported and the next one is tried; what is done stays
    done, so a run that was cut off is simply started again.

    Args:
        database: Where the shops live.
        migrations: The histories.
        only: Which shops to take.

    Yields:
        What became of each, in the order of their slugs.
    """
    with database.control_transaction() as session:
        shops = [shop for shop in all_shops(session) if only(shop)]
    for shop in shops:
        yield _migrate_shop(database.cells[shop.cell], migrations, shop)


def _migrate_shop(cell: Cell, migrations: Migrations, shop: ShopRecord) -> Outcome:
    head = migrations.shop_head
    try:
        with cell.admin_transaction() as connection:
            become(connection, cell.roles.owner, shop.schema)
            if revision_of(connection) == head:
                return Outcome(shop.slug, head, changed=False)
            connection.execute(
                text("select set_config('lock_timeout', :limit, true)"),
                {"limit": LOCK_TIMEOUT},
            )
            migrations.upgrade("shop", connection)
    except (SQLAlchemyError, CommandError) as error:
        return Outcome(shop.slug, head, changed=False, error=str(error).splitlines()[0])
    return Outcome(shop.slug, head, changed=True)


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema that the transaction sees."""
    query = text("select version_num from alembic_version")
    return connection.execute(query).scalar_one_or_none()
