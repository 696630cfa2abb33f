"""The outbox's partitions, one a month, made ahead of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import Connection, text

from tenants.models import SCHEMA

MONTHS_AHEAD = 12


def ensure(connection: Connection, today: dt.date) -> None:
    """Make the partitions of this month and the next ones, where missing.

    A default partition keeps events even if nobody makes partitions any more; a
    month of which it holds some stays there.

    Args:
        connection: A transaction of the tables' owner.
        today: The date in UTC.
    """
    _create(connection, "outbox_default", "DEFAULT")
    for first, following in _months(today):
        if _has_begun_in_default(connection, first, following):
            continue
        bounds = f"FOR VALUES FROM ('{first}') TO ('{following}')"
        _create(connection, f"outbox_{first:%Y_%m}", bounds)


def _has_begun_in_default(
    connection: Connection, first: dt.date, following: dt.date
) -> bool:
    query = text(
        f"SELECT EXISTS (SELECT FROM {SCHEMA}.outbox_default"  # noqa: S608 - our own name
        " WHERE recorded_at >= :first AND recorded_at < :following)"
    )
    found = connection.execute(query, {"first": first, "following": following})
    return bool(found.scalar_one())


def _create(connection: Connection, name: str, bounds: str) -> None:
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{name}"
            f" PARTITION OF {SCHEMA}.outbox {bounds}"
        )
    )


def _months(today: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    first = today.replace(day=1)
    for _ in range(MONTHS_AHEAD + 1):
        following = (first + dt.timedelta(days=32)).replace(day=1)
        yield first, following
        first = following
