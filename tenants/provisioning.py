"""Making shops and ending them.

A shop is made in steps, each a transaction: a registry row that is still
``provisioning``; role, schema and tables in the cell; the row made ``active``.
Until the last step nobody can enter it, and a run that was cut off is taken up
where it stopped by asking for the same slug again.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
import zoneinfo
from collections.abc import Callable
from functools import cache

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenants import roles as deployment_roles
from tenants.database import MAIN_CELL, Cell, Database, become
from tenants.errors import InvalidShop, ShopNotFound, SlugInUse
from tenants.migrate import Migrations
from tenants.models import (
    SLUG_PATTERN,
    ShopRecord,
    SlugRecord,
    Status,
    outbox,
    shop_roles,
    timers,
)
from tenants.registry import find_by_any_slug, require_by_slug

LONGEST_NAME = 200
# As the contract's pattern says it.
_NAME = r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*"

Initialise = Callable[[Connection, ShopRecord], None]
# Takes part in a transaction of the control plane.
Alongside = Callable[[Session, ShopRecord], None]


def nothing(_session: Session, _record: ShopRecord) -> None:
    """Take no part."""


@cache
def known_zones() -> frozenset[str]:
    """The IANA names that may be a shop's zone."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def require_slug(slug: str) -> None:
    """Refuse a slug that is not lower-case letters, digits and inner hyphens.

    Raises:
        InvalidShop: It is something else, or longer than 63.
    """
    if not re.fullmatch(SLUG_PATTERN.strip("^$"), slug):
        raise InvalidShop("slug", "must be 1–63 of a–z, 0–9 and inner hyphens")


def require_name(name: str) -> None:
    """Refuse a name that is blank or long.

    Raises:
        InvalidShop: It is.
    """
    if not re.fullmatch(_NAME, name) or len(name) > LONGEST_NAME:
        raise InvalidShop(
            "name", f"must have 1–{LONGEST_NAME} characters, none of control, not all blank"
        )


def require_zone(timezone: str) -> None:
    """Refuse a zone that the IANA database does not know.

    Raises:
        InvalidShop: It does not.
    """
    if timezone not in known_zones():
        raise InvalidShop("timezone", f"{timezone!r} is not an IANA time zone")


class Provisioner:
    """Makes, suspends, resumes and deletes shops."""

    def __init__(
        self, database: Database, migrations: Migrations, initialise: Initialise
    ) -> None:
        """Take what a new shop needs.

        Args:
            database: The cells.
            migrations: The history that a new schema is made from.
            initialise: Writes a new shop's first rows, as the tables' owner,
                inside the transaction that makes its tables.
        """
        self._database = database
        self._migrations = migrations
        self._initialise = initialise

    def create(
        self,
        *,
        slug: str,
        name: str,
        timezone: str,
        issuer: str,
        at_first: Alongside = nothing,
        at_last: Alongside = nothing,
    ) -> ShopRecord:
        """Make a shop, or finish making one that was cut off.

        Args:
            slug: What its tokens call it, for ever.
            name: What people call it.
            timezone: An IANA name.
            issuer: Whose tokens may enter it.
            at_first: Written together with the shop's first row.
            at_last: Written together with what opens the shop.

        Raises:
            InvalidShop: The slug, the name or the zone is malformed.
            SlugInUse: The slug is or was another shop's.
            ProvisioningUnavailable: This process has no admin login.
        """
        require_slug(slug)
        require_zone(timezone)
        require_name(name)
        cell = self._database.main
        cell.require_admin()
        with self._database.control_transaction() as session:
            record = self._register(session, slug, name, timezone, issuer)
            at_first(session, record)
        role = self._build(cell, record)
        with self._database.control_transaction() as session:
            opened = self._activate(session, record, role)
            at_last(session, opened)
            return opened

    @staticmethod
    def _activate(session: Session, record: ShopRecord, role: str) -> ShopRecord:
        """Open the shop; of several who made it together one has made it."""
        waits = (ShopRecord.id == record.id) & (ShopRecord.status == Status.PROVISIONING)
        change = update(ShopRecord).where(waits).values(role=role, status=Status.ACTIVE)
        opened: ShopRecord | None = session.scalar(change.returning(ShopRecord))
        if opened is None:
            raise SlugInUse(record.slug)
        return opened

    def update(
        self,
        slug: str,
        *,
        status: Status | None = None,
        new_slug: str | None = None,
        guard: Alongside = nothing,
    ) -> ShopRecord:
        """Suspend, resume or rename a shop.

        Args:
            slug: Which.
            status: What it is to be; None: what it is.
            new_slug: What its tokens are to call it; None: as before. Former slugs
                lead to it still.
            guard: May refuse, before anything is changed.

        Raises:
            ShopNotFound: There is no such shop.
            InvalidShop: The new slug is malformed.
            SlugInUse: The new slug is or was another shop's.
        """
        if new_slug is not None:
            require_slug(new_slug)
        with self._database.control_transaction() as session:
            record = require_by_slug(session, slug, for_update=True)
            guard(session, record)
            if record.status == Status.PROVISIONING:
                raise ShopNotFound
            if status is not None:
                record.status = status
            if new_slug is not None:
                self._rename(session, record, new_slug)
            return record

    @staticmethod
    def _rename(session: Session, record: ShopRecord, slug: str) -> None:
        """Give a shop a slug that is fresh, or was its own before."""
        taken = insert(SlugRecord).values(slug=slug, shop_id=record.id)
        session.execute(taken.on_conflict_do_nothing())
        named = find_by_any_slug(session, slug)
        if named is None or named.id != record.id:
            raise SlugInUse(slug)
        record.slug = slug
        session.flush()  # the slug's unique key speaks now

    def delete(
        self, slug: str, *, purge_after: dt.datetime, guard: Alongside = nothing
    ) -> None:
        """End a shop: nobody enters it any more, and its slug stays taken.

        Its data stays until it is purged. One that is still being made is gone at once.

        Args:
            slug: Which.
            purge_after: When its time of grace is over.
            guard: May refuse, before anything is changed.

        Raises:
            ShopNotFound: There is no such shop.
            ProvisioningUnavailable: It is still being made, and this process has no
                admin login.
        """
        with self._database.control_transaction() as session:
            record = require_by_slug(session, slug, for_update=True)
            guard(session, record)
            if record.role is None:
                self._database.main.require_admin()
            record.status, record.purge_after = Status.DELETED, purge_after
        if record.role is None:
            self.purge(record)

    def restore(self, slug: str) -> ShopRecord:
        """Take back the deletion of a shop that was not purged yet; it is suspended.

        Its tables may be older than the code: migrate it before it is resumed.

        Raises:
            ShopNotFound: There is no such shop, or it is not deleted, or gone.
        """
        with self._database.control_transaction() as session:
            record = find_by_any_slug(session, slug, for_update=True)
            if record is None or record.status != Status.DELETED or record.role is None:
                raise ShopNotFound
            record.status, record.purge_after = Status.SUSPENDED, None
            return record

    def purge(self, record: ShopRecord) -> None:
        """Remove all that a deleted shop had: schema, role, events and timers.

        Raises:
            ProvisioningUnavailable: This process has no admin login.
        """
        cell = self._database.cells[record.cell]
        with cell.admin_transaction() as connection:
            self._drop(connection, cell, record)
        with self._database.control_transaction() as session:
            session.execute(
                update(ShopRecord).where(ShopRecord.id == record.id).values(role=None)
            )

    def _register(
        self, session: Session, slug: str, name: str, timezone: str, issuer: str
    ) -> ShopRecord:
        existing = find_by_any_slug(session, slug, for_update=True)
        if existing is not None:
            return self._take_up(existing, name, timezone, issuer)
        shop_id = uuid.uuid4()
        record = ShopRecord(
            id=shop_id,
            slug=slug,
            issuer=issuer,
            name=name,
            timezone=timezone,
            status=Status.PROVISIONING,
            cell=MAIN_CELL,
            schema=f"shop_{shop_id.hex}",
            created_at=dt.datetime.now(dt.UTC),
        )
        try:
            session.add(record)
            session.flush()  # the slug's unique keys speak now
            session.add(SlugRecord(slug=slug, shop_id=shop_id))
            session.flush()
        except IntegrityError as error:
            raise SlugInUse(slug) from error
        return record

    @staticmethod
    def _take_up(record: ShopRecord, name: str, timezone: str, issuer: str) -> ShopRecord:
        """A shop whose making was cut off, if the same one is asked for again."""
        is_same = (record.name, record.timezone, record.issuer) == (name, timezone, issuer)
        if record.status != Status.PROVISIONING or not is_same:
            raise SlugInUse(record.slug)
        return record

    def _build(self, cell: Cell, record: ShopRecord) -> str:
        while True:
            with cell.admin_transaction(as_owner=True) as connection:
                _lock(connection, record)
                query = select(ShopRecord.status).where(ShopRecord.id == record.id)
                if connection.execute(query).scalar_one() == Status.DELETED:
                    raise SlugInUse(record.slug)
                role = self._role_of(connection, record.id)
                if role is not None:
                    return role
                role = self._take_spare(connection, record.id)
                if role is not None:
                    self._fill(connection, cell, record, role)
                    return role
            with cell.admin_transaction() as connection:
                deployment_roles.add_spares(connection, cell.roles, cell.login)

    def _fill(
        self, connection: Connection, cell: Cell, record: ShopRecord, role: str
    ) -> None:
        become(connection, "none")
        self._create_schema(connection, cell, record, role)
        self._migrations.upgrade("shop", connection)
        connection.execute(
            text(f'REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM "{role}"')
        )
        self._initialise(connection, record)

    @staticmethod
    def _create_schema(
        connection: Connection, cell: Cell, record: ShopRecord, role: str
    ) -> None:
        owner, schema = cell.roles.owner, record.schema
        connection.execute(text(f'CREATE SCHEMA "{schema}" AUTHORIZATION "{owner}"'))
        become(connection, owner, schema)
        connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"'))
        # Tables that later migrations add are the shop's to use at once.
        connection.execute(
            text(
                f'ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}"'
                f' GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}"'
            )
        )

    @staticmethod
    def _role_of(connection: Connection, shop_id: uuid.UUID) -> str | None:
        query = select(shop_roles.c.name).where(shop_roles.c.shop_id == shop_id)
        return connection.execute(query).scalar_one_or_none()

    @staticmethod
    def _take_spare(connection: Connection, shop_id: uuid.UUID) -> str | None:
        spare = (
            select(shop_roles.c.name)
            .where(shop_roles.c.shop_id.is_(None))
            .order_by(shop_roles.c.name)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        return connection.execute(
            update(shop_roles)
            .where(shop_roles.c.name == spare)
            .values(shop_id=shop_id)
            .returning(shop_roles.c.name)
        ).scalar_one_or_none()

    @staticmethod
    def _drop(connection: Connection, cell: Cell, record: ShopRecord) -> None:
        become(connection, cell.roles.owner)
        _lock(connection, record)
        connection.execute(text(f'DROP SCHEMA IF EXISTS "{record.schema}" CASCADE'))
        query = select(shop_roles.c.name).where(shop_roles.c.shop_id == record.id)
        role = connection.execute(query).scalar_one_or_none()
        if role is not None:
            for table in (outbox, timers):
                connection.execute(table.delete().where(table.c.shop_role == role))
            connection.execute(shop_roles.delete().where(shop_roles.c.name == role))
        become(connection, "none")
        if role is not None:
            connection.execute(text(f'DROP ROLE IF EXISTS "{role}"'))


def _lock(connection: Connection, record: ShopRecord) -> None:
    """Have all who make or end the same shop wait for each other."""
    connection.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:schema, 0))"),
        {"schema": record.schema},
    )
