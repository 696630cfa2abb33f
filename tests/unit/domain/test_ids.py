from __future__ import annotations

import datetime as dt
import uuid

from booking_service.domain.ids import group_session, new_id

A, B = uuid.UUID(int=1), uuid.UUID(int=2)
NINE = dt.datetime(2030, 1, 7, 9, tzinfo=dt.UTC)


class TestNewId:
    def test_sorts_by_time(self) -> None:
        ids = [new_id() for _ in range(100)]

        assert ids == sorted(ids)
        assert all(isinstance(each, uuid.UUID) and each.version == 7 for each in ids)


class TestGroupSession:
    def test_is_the_same_for_the_same_start(self) -> None:
        vienna = NINE.astimezone(dt.timezone(dt.timedelta(hours=1)))

        assert group_session(A, B, NINE) == group_session(A, B, vienna)

    def test_differs_by_provider_service_and_start(self) -> None:
        later = NINE + dt.timedelta(minutes=1)
        found = {
            group_session(*each) for each in ((A, B, NINE), (B, A, NINE), (A, B, later))
        }

        assert len(found) == 3
