"""The roles of a deployment in one cell, and the statements that make them.

Nothing here works around the walls: the service's login may only become one of
these roles, for the length of one transaction.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from tenants.models import SCHEMA, shop_roles

BATCH = 200
FIRST_VERSION_WITH_INHERIT_OPTION = 160000


class UnsafeLogin(Exception):
    """A login has rights of its own or inherits those of its roles."""


@dataclass(frozen=True)
class Roles:
    """The names of one deployment's roles.

    Roles belong to the whole cluster, so each deployment prefixes its own with
    a digest of its database's name, which is unique there.
    """

    prefix: str

    @classmethod
    def of_database(cls, name: str) -> Roles:
        """The roles of the deployment that lives in the database ``name``."""
        return cls(f"bs_{hashlib.sha256(name.encode()).hexdigest()[:10]}")

    @property
    def owner(self) -> str:
        """Owns every table."""
        return f"{self.prefix}_owner"

    @property
    def shops(self) -> str:
        """The group of all shops: may append events and timers."""
        return f"{self.prefix}_shops"

    @property
    def control(self) -> str:
        """May read and change the registry."""
        return f"{self.prefix}_control"

    @property
    def relay(self) -> str:
        """May read events and mark them delivered."""
        return f"{self.prefix}_relay"

    def new_shop_role(self) -> str:
        """A fresh name for a shop's role."""
        return f"{self.prefix}_shop_{uuid.uuid4().hex[:16]}"


def prepare(connection: Connection, roles: Roles, login: str) -> None:
    """Create the deployment's own roles and let ``login`` become them.

    Args:
        connection: The admin login's, in a transaction.
        roles: The names.
        login: The service's login.

    Raises:
        UnsafeLogin: ``login`` inherits, or is a superuser.
    """
    refuse_unsafe_login(connection, login)
    for role in (roles.owner, roles.shops, roles.control, roles.relay):
        if not _exists(connection, role):
            connection.execute(text(f'CREATE ROLE "{role}" NOLOGIN'))
    grants = [(roles.owner, _current_user(connection))]
    grants += [(roles.control, login), (roles.relay, login)]
    for role, member in grants:
        if not _is_member(connection, member, role):
            connection.execute(text(f'GRANT "{role}" TO "{member}"'))


def refuse_unsafe_login(connection: Connection, login: str) -> None:
    """Refuse a login of the service that holds rights without asking for them.

    A role's members inherit its rights unless they are NOINHERIT at the time of
    the grant; from PostgreSQL 16 each grant keeps its own option.

    Raises:
        UnsafeLogin: With the statement that mends it.
    """
    found = connection.execute(
        text("select oid, rolinherit, rolsuper from pg_roles where rolname = :login"),
        {"login": login},
    ).one_or_none()
    if found is None:
        raise UnsafeLogin(f"DATABASE_URL's login {login!r} does not exist")
    if found.rolsuper:
        raise UnsafeLogin(f"DATABASE_URL's login {login!r} is a superuser")
    if found.rolinherit or _inherits_by_grant(connection, found):
        raise UnsafeLogin(
            f"DATABASE_URL's login {login!r} inherits the rights of its roles: "
            f'ALTER ROLE "{login}" NOINHERIT, then revoke and grant its memberships anew'
        )


def refuse_other_database(connection: Connection, roles: Roles) -> None:
    """Refuse an admin login that leads to another database than the service's.

    Raises:
        UnsafeLogin: It does.
    """
    name = connection.execute(text("select current_database()")).scalar_one()
    if Roles.of_database(name) != roles:
        raise UnsafeLogin("DATABASE_URL and ADMIN_DATABASE_URL name different databases")


def _inherits_by_grant(connection: Connection, login: Row[tuple[int, bool, bool]]) -> bool:
    version = connection.execute(
        text("select current_setting('server_version_num')::int")
    ).scalar_one()
    if version < FIRST_VERSION_WITH_INHERIT_OPTION:
        return False
    query = text(
        "select exists (select from pg_auth_members"
        " where member = :member and inherit_option)"
    )
    return bool(connection.execute(query, {"member": login.oid}).scalar_one())


def add_spares(
    connection: Connection, roles: Roles, login: str, count: int = BATCH
) -> None:
    """Create roles for shops to come, many at once.

    Each change of roles makes every backend rebuild its membership cache, which
    is dear with thousands of roles: so a batch pays once.
    """
    names = [roles.new_shop_role() for _ in range(count)]
    statements = "; ".join(
        f'CREATE ROLE "{name}" NOLOGIN;'
        f' GRANT "{roles.shops}" TO "{name}"; GRANT "{name}" TO "{login}"'
        for name in names
    )
    connection.execute(text(statements))
    connection.execute(
        text("select set_config('role', :owner, true)"), {"owner": roles.owner}
    )
    connection.execute(shop_roles.insert(), [{"name": name} for name in names])
    connection.execute(text("select set_config('role', 'none', true)"))


def grant_control_tables(connection: Connection, roles: Roles) -> None:
    """Give each role what it needs in schema ``control``, and no more.

    Idempotent; run by ``migrate`` after the control tables stand. Tables are
    named one by one, since ``ON ALL TABLES`` scans the whole catalogue.
    """
    event = "id, type, subject, sequence, occurred_at, payload"
    timer = "id, kind, subject, schedule_version, due_at"
    rows = "SELECT, INSERT, UPDATE, DELETE"
    everyone = f'"{roles.shops}", "{roles.control}", "{roles.relay}"'
    for statement in (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {everyone}",
        f'GRANT INSERT ({event}) ON {SCHEMA}.outbox TO "{roles.shops}"',
        f'GRANT INSERT ({timer}) ON {SCHEMA}.timers TO "{roles.shops}"',
        f'GRANT SELECT, INSERT, UPDATE ON {SCHEMA}.shops TO "{roles.control}"',
        f'GRANT SELECT, INSERT ON {SCHEMA}.shop_slugs TO "{roles.control}"',
        f'GRANT {rows} ON {SCHEMA}.kept_answers TO "{roles.control}"',
        f'GRANT SELECT ON {SCHEMA}.shops TO "{roles.relay}"',
        f'GRANT SELECT, UPDATE ON {SCHEMA}.shop_roles TO "{roles.relay}"',
        f'GRANT SELECT, UPDATE ON {SCHEMA}.outbox TO "{roles.relay}"',
        f'GRANT SELECT, DELETE, UPDATE ON {SCHEMA}.timers TO "{roles.relay}"',
        f'GRANT SELECT, INSERT, UPDATE ON {SCHEMA}.leases TO "{roles.relay}"',
    ):
        connection.execute(text(statement))


def _exists(connection: Connection, role: str) -> bool:
    query = text("select exists (select from pg_roles where rolname = :role)")
    return bool(connection.execute(query, {"role": role}).scalar_one())


def _is_member(connection: Connection, member: str, role: str) -> bool:
    query = text(
        "select exists (select from pg_auth_members m"
        " join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member"
        " join pg_roles g on g.oid = m.grantor"
        " where r.rolname = :role and u.rolname = :member and not g.rolsuper)"
    )
    found = connection.execute(query, {"member": member, "role": role})
    return bool(found.scalar_one())


def _current_user(connection: Connection) -> str:
    return str(connection.execute(text("select current_user")).scalar_one())
