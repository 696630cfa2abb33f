"""The PostgreSQL that tests run on: an embedded one, or one that is there already."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from sqlalchemy import Engine, create_engine, make_url, text

from booking_service import localdb
from tenants.roles import Roles

# What tests write need not survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class TestDatabase:
    """Connection URLs; ``log`` is the server's, where we can read it."""

    __test__ = False

    app: str
    admin: str
    superuser: str
    log: Path | None

    def engine(self) -> Engine:
        """Connections that may do everything, to look behind the scenes."""
        return create_engine(make_url(self.superuser).set(drivername="postgresql+psycopg2"))


@contextmanager
def provided(folder: Path) -> Iterator[TestDatabase]:
    """A database of the server at ``TEST_DATABASE_URL``, else an embedded server."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        with _scratch(url) as database:
            yield database
        return
    server = localdb.start(folder, FAST)
    try:
        logins = server.logins
        yield TestDatabase(logins.app, logins.admin, logins.superuser, server.log)
    finally:
        server.stop()


@contextmanager
def _scratch(url: str) -> Iterator[TestDatabase]:
    """A database and two logins of our own on somebody's server; gone afterwards."""
    name = f"booking_test_{secrets.token_hex(4)}"
    password = secrets.token_hex(16)
    app, admin = f"{name}_app", f"{name}_admin"
    _run(
        url,
        f"CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{password}'",
        f"CREATE ROLE {app} LOGIN NOINHERIT PASSWORD '{password}'",
        f"CREATE DATABASE {name}",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT, CREATE ON DATABASE {name} TO {admin}",
        f"GRANT CONNECT ON DATABASE {name} TO {app}",
    )
    base = make_url(url).set(database=name)
    urls = {
        login: base.set(username=login, password=password).render_as_string(
            hide_password=False
        )
        for login in (app, admin)
    }
    try:
        yield TestDatabase(
            urls[app], urls[admin], base.render_as_string(hide_password=False), None
        )
    finally:
        prefix = Roles.of_database(name).prefix
        roles = f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{prefix}%'"
        _run(url, f"DROP DATABASE {name} WITH (FORCE)")
        ours = [row[0] for row in _run(url, roles)]
        _run(url, *(f'DROP ROLE "{role}"' for role in [*ours, app, admin]))


def _run(url: str, *statements: str) -> list[tuple[str]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def one_value(engine: Engine, query: str, **values: object) -> object:
    """What a query with one value answers."""
    with engine.connect() as connection:
        return connection.execute(text(query), values).scalar_one()
