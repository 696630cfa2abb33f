"""Connections, and the transactions that are pinned to one role.

Every transaction of the service begins with one statement that makes it one of
the deployment's roles and sets the schema it sees. Both settings end with the
transaction, so a connection carries nothing of a shop to its next user, behind
PgBouncer in transaction mode too. A transaction that forgets the statement has
the login's rights: none.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from tenants.errors import NotMigrated, ProvisioningUnavailable, ShopUnknown
from tenants.models import SCHEMA
from tenants.roles import Roles

MAIN_CELL = "main"
CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 10
STATEMENT_SECONDS = 30

# invalid_parameter_value: what set_config says of a role that does not exist.
_NO_SUCH_ROLE = "22023"
_SCHEMAS = "schemas"
_PIN = text(
    "select set_config('role', :role, true), set_config('search_path', :schema, true),"
    " set_config('statement_timeout', :limit, true)"
)


@dataclass(frozen=True)
class BoundShop:
    """A shop of the registry, as the rest of the service needs it.

    Attributes:
        role: What a transaction becomes to see this shop, and nothing else.
        schema: Where its tables are.
    """

    id: uuid.UUID
    slug: str
    status: str
    cell: str
    schema: str
    role: str


def _retire_after(engine: Engine, shops: int) -> None:
    """Close a connection once it has served this many shops.

    A backend keeps what it learned of every shop's tables, some hundred kilobytes
    each, until it ends.
    """

    @event.listens_for(engine, "checkin")
    def retire(_connection: object, record: ConnectionPoolEntry) -> None:
        if len(record.info.get(_SCHEMAS, ())) >= shops:
            record.invalidate()


def _engine(url: str, *, pool_size: int) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=False,
        # Whatever the database's default: who waited for a lock has to see what was
        # committed meanwhile.
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )


def _pin(session: Session, role: str, schema: str) -> None:
    try:
        limit = f"{STATEMENT_SECONDS}s"
        session.execute(_PIN, {"role": role, "schema": schema, "limit": limit})
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) == _NO_SUCH_ROLE:
            raise RoleMissing from error
        raise


class RoleMissing(Exception):
    """The role that a transaction was to become does not exist."""


class Cell:
    """One PostgreSQL database that holds shops, and the logins to it."""

    def __init__(
        self,
        *,
        app_url: str,
        admin_url: str | None,
        pool_size: int,
        shops_per_connection: int = 200,
    ) -> None:
        """Describe the cell; nothing is connected yet.

        Args:
            app_url: The login without rights of its own.
            admin_url: The login that provisions; None where that is not done.
            pool_size: How many connections the service may hold.
            shops_per_connection: After how many shops one is closed.
        """
        url = make_url(app_url)
        self.login = url.username or str(url.query.get("user", ""))
        self.engine = _engine(app_url, pool_size=pool_size)
        _retire_after(self.engine, shops_per_connection)
        self._admin = _engine(admin_url, pool_size=2) if admin_url else None

    @cached_property
    def roles(self) -> Roles:
        """The names of the deployment's roles, from the database's own name."""
        with self.engine.connect() as connection:
            query = text("select current_database()")
            return Roles.of_database(connection.execute(query).scalar_one())

    @contextmanager
    def transaction(self, *, role: str, schema: str) -> Iterator[Session]:
        """A transaction as ``role`` that sees ``schema``; commits when it ends well."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            _pin(session, role, schema)
            session.connection().info.setdefault(_SCHEMAS, set()).add(schema)
            yield session

    def require_admin(self) -> None:
        """Make sure, before anything is begun, that there is an admin login.

        Raises:
            ProvisioningUnavailable: There is none.
        """
        if self._admin is None:
            raise ProvisioningUnavailable

    @contextmanager
    def admin_transaction(self, *, as_owner: bool = False) -> Iterator[Connection]:
        """A transaction of the admin login, as the tables' owner if asked.

        Raises:
            ProvisioningUnavailable: There is no admin login.
        """
        if self._admin is None:
            raise ProvisioningUnavailable
        with self._admin.begin() as connection:
            if as_owner:
                become(connection, self.roles.owner)
            yield connection

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._admin is not None:
            self._admin.dispose()


@contextmanager
def _migrated() -> Iterator[None]:
    try:
        yield
    except RoleMissing as error:
        raise NotMigrated from error


def become(connection: Connection, role: str, schema: str = "pg_catalog") -> None:
    """Make the rest of an admin's transaction run as ``role``, seeing ``schema``.

    Its statements take what time they need: migrations may be long.
    """
    connection.execute(_PIN, {"role": role, "schema": schema, "limit": "0"})


class Database:
    """All cells of a deployment, one of which holds the control plane."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        """Take the cells by name; the one called ``main`` has the registry."""
        self.cells = dict(cells)

    @property
    def main(self) -> Cell:
        """The cell with the registry."""
        return self.cells[MAIN_CELL]

    @contextmanager
    def shop_transaction(self, shop: BoundShop) -> Iterator[Session]:
        """A transaction pinned to one shop.

        ``session.info["shop"]`` is the shop, which advisory locks hash in.
        """
        cell = self.cells[shop.cell]
        try:
            with cell.transaction(role=shop.role, schema=shop.schema) as session:
                session.info["shop"] = shop
                yield session
        except RoleMissing as error:
            # The registry was asked a moment ago and the shop has gone since.
            raise ShopUnknown from error

    @contextmanager
    def control_transaction(self) -> Iterator[Session]:
        """A transaction that may read and change the registry."""
        cell = self.main
        with (
            _migrated(),
            cell.transaction(role=cell.roles.control, schema=SCHEMA) as session,
        ):
            yield session

    @contextmanager
    def relay_transaction(self, cell: Cell) -> Iterator[Session]:
        """A transaction that may read events and mark them delivered."""
        with _migrated(), cell.transaction(role=cell.roles.relay, schema=SCHEMA) as session:
            yield session

    def dispose(self) -> None:
        """Close every connection of every cell."""
        for cell in self.cells.values():
            cell.dispose()
