"""What the database itself forbids, whatever the service forgets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from booking_service.app import Parts
from tenants.database import BoundShop, Cell, Database
from tenants.registry import bound
from tenants.roles import UnsafeLogin, refuse_unsafe_login
from tests.databases import TestDatabase
from tests.integration.conftest import MakeShop

DENIED = "permission denied|must be owner"


@pytest.fixture(scope="module")
def login(database: TestDatabase) -> Iterator[Engine]:
    engine = create_engine(make_url(database.app).set(drivername="postgresql+psycopg2"))
    yield engine
    engine.dispose()


@pytest.fixture
def two(new_shop: MakeShop, parts: Parts) -> tuple[BoundShop, BoundShop]:
    first, second = (bound(parts.shops.get(new_shop().slug)) for _ in range(2))
    return first, second


def tables(superuser: Engine, *schemas: str) -> list[str]:
    query = text(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname = any(:schemas)"
    )
    with superuser.connect() as connection:
        return list(connection.execute(query, {"schemas": list(schemas)}).scalars())


def denied(connection: Connection, statement: str) -> bool:
    """Whether the statement fails for want of a right; nothing stays of it."""
    attempt = connection.begin_nested()
    try:
        connection.execute(text(statement))
    except ProgrammingError as error:
        attempt.rollback()
        return getattr(error.orig, "pgcode", None) == "42501"
    attempt.rollback()
    return False


class TestWithoutTheSwitch:
    def test_no_table_can_be_read(
        self, login: Engine, superuser: Engine, two: tuple[BoundShop, BoundShop]
    ) -> None:
        everything = tables(superuser, "control", two[0].schema, two[1].schema)

        with login.connect() as connection:
            open_ones = [
                t for t in everything if not denied(connection, f"select from {t}")
            ]

        assert len(everything) > 20
        assert open_ones == []

    def test_nothing_can_be_made(self, login: Engine) -> None:
        with login.connect() as connection:
            for statement in (
                "create schema mine",
                "create table public.mine ()",
                "create temporary table mine ()",
                "create role mine",
            ):
                assert denied(connection, statement), statement


class TestWithAShopsRole:
    def test_no_other_shops_table_can_be_read(
        self, login: Engine, superuser: Engine, two: tuple[BoundShop, BoundShop]
    ) -> None:
        own, other = two
        with login.connect() as connection:
            connection.execute(text(f'set local role "{own.role}"'))
            assert not denied(connection, f'select from "{own.schema}".bookings')

            open_ones = [
                table
                for table in tables(superuser, other.schema)
                if not denied(connection, f"select from {table}")
            ]

        assert open_ones == []

    def test_the_control_plane_cannot_be_read_or_changed(
        self, login: Engine, superuser: Engine, two: tuple[BoundShop, BoundShop]
    ) -> None:
        with login.connect() as connection:
            connection.execute(text(f'set local role "{two[0].role}"'))
            for table in tables(superuser, "control"):
                for statement in ("select from {}", "delete from {}", "truncate {}"):
                    assert denied(connection, statement.format(table)), (statement, table)

    def test_events_can_be_added_but_not_forged(
        self, login: Engine, superuser: Engine, two: tuple[BoundShop, BoundShop]
    ) -> None:
        values = "gen_random_uuid(), 'x', gen_random_uuid(), 1, now(), '{}'"
        columns = "id, type, subject, sequence, occurred_at, payload"
        own, other = two
        with login.connect() as connection:
            connection.execute(text(f'set local role "{own.role}"'))

            assert denied(
                connection,
                f"insert into control.outbox ({columns}, shop_role)"
                f" values ({values}, '{other.role}')",
            )
            assert denied(connection, "update control.outbox set type = 'y'")
            connection.execute(
                text(f"insert into control.outbox ({columns}) values ({values})")
            )
            connection.commit()
        with superuser.connect() as connection:
            written = text("select count(*) from control.outbox where shop_role = :role")
            counted = [
                connection.execute(written, {"role": s.role}).scalar_one() for s in two
            ]
        assert counted == [1, 0]

    def test_the_revision_cannot_be_changed(
        self, login: Engine, two: tuple[BoundShop, BoundShop]
    ) -> None:
        with login.connect() as connection:
            connection.execute(text(f'set local role "{two[0].role}"'))
            version = f'"{two[0].schema}".alembic_version'

            assert denied(connection, f"update {version} set version_num = 'x'")
            assert denied(connection, f'drop table "{two[0].schema}".bookings')


class TestPinnedTransaction:
    def test_leaves_nothing_behind_on_its_connection(
        self, parts: Parts, two: tuple[BoundShop, BoundShop]
    ) -> None:
        settings = text("select current_user, current_setting('search_path')")
        with parts.database.shop_transaction(two[0]) as session:
            inside = session.execute(settings).one()
        with parts.database.main.engine.connect() as connection:
            after = connection.execute(settings).one()

        assert tuple(inside) == (two[0].role, two[0].schema)
        assert after[0] == parts.database.main.login
        assert two[0].schema not in after[1]

    def test_is_rolled_back_by_an_error(
        self, parts: Parts, two: tuple[BoundShop, BoundShop]
    ) -> None:
        rename = text("update shop_settings set name = 'changed'")
        read = text("select name from shop_settings")

        def fail() -> None:
            with parts.database.shop_transaction(two[0]) as session:
                session.execute(rename)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()

        with parts.database.shop_transaction(two[0]) as session:
            assert session.execute(read).scalar_one() != "changed"


class TestConnections:
    def test_are_closed_after_a_number_of_shops(
        self, database: TestDatabase, parts: Parts, new_shop: MakeShop
    ) -> None:
        cell = Cell(
            app_url=database.app, admin_url=None, pool_size=1, shops_per_connection=2
        )
        several = Database({"main": cell})
        shops = [bound(parts.shops.get(new_shop().slug)) for _ in range(3)]
        backends = []
        for shop in (shops[0], shops[0], shops[1], shops[2]):
            with several.shop_transaction(shop) as session:
                backends.append(
                    session.execute(text("select pg_backend_pid()")).scalar_one()
                )
        several.dispose()

        assert backends[0] == backends[1] == backends[2]
        assert backends[3] != backends[2]


class TestLogins:
    def test_one_that_inherits_is_refused(self, superuser: Engine) -> None:
        with superuser.begin() as connection:
            connection.execute(text("create role wall_inherits login inherit"))
            try:
                with pytest.raises(UnsafeLogin, match="inherits"):
                    refuse_unsafe_login(connection, "wall_inherits")
            finally:
                connection.execute(text("drop role wall_inherits"))

    def test_one_that_was_granted_before_is_refused_by_its_grants(
        self, superuser: Engine
    ) -> None:
        version = "select current_setting('server_version_num')::int"
        with superuser.begin() as connection:
            grants_remember = connection.execute(text(version)).scalar_one() >= 160000
            for statement in (
                "create role wall_late login inherit",
                "create role wall_group",
                "grant wall_group to wall_late",
                "alter role wall_late noinherit",
            ):
                connection.execute(text(statement))
            try:
                refuse_unsafe_login(connection, "wall_late")
                refused = False
            except UnsafeLogin:
                refused = True
            connection.execute(text("drop role wall_late, wall_group"))

        # Until 15 the role's own attribute decides; from 16 on each grant does.
        assert refused == grants_remember

    def test_a_superuser_is_refused(self, superuser: Engine) -> None:
        with superuser.connect() as connection:
            me = connection.execute(text("select current_user")).scalar_one()

            with pytest.raises(UnsafeLogin, match="superuser"):
                refuse_unsafe_login(connection, me)

    def test_the_services_own_is_accepted(self, superuser: Engine, parts: Parts) -> None:
        with superuser.connect() as connection:
            refuse_unsafe_login(connection, parts.database.main.login)
