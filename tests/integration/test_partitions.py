"""The outbox's months."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Engine, text

from booking_service.app import Parts
from tenants import partitions
from tests.databases import one_value

FAR = dt.date(2044, 5, 20)


class TestEnsure:
    def test_makes_months_ahead_and_can_be_repeated(
        self, parts: Parts, superuser: Engine
    ) -> None:
        for _ in range(2):
            with parts.database.main.admin_transaction(as_owner=True) as connection:
                partitions.ensure(connection, FAR)

        made = "select to_regclass('control.outbox_2045_05') is not null"
        assert one_value(superuser, made) is True

    def test_leaves_a_month_alone_that_has_begun_in_the_default(
        self, parts: Parts, superuser: Engine
    ) -> None:
        late = dt.date(2060, 3, 15)
        with superuser.begin() as connection:
            connection.execute(
                text(
                    "insert into control.outbox"
                    " (id, recorded_at, shop_role, type, subject, sequence,"
                    " occurred_at, payload, number, delivered_at) values"
                    " (gen_random_uuid(), :late, 'nobody', 'x', gen_random_uuid(), 1,"
                    " :late, '{}', 1, :late)"
                ),
                {"late": late},
            )

        with parts.database.main.admin_transaction(as_owner=True) as connection:
            partitions.ensure(connection, late)

        for month, made in (("2060_03", False), ("2060_04", True)):
            query = f"select to_regclass('control.outbox_{month}') is not null"
            assert one_value(superuser, query) is made
