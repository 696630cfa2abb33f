from __future__ import annotations

import datetime as dt

import pytest

from booking_service.domain.status import Status, may_become

P, C, D, N, X = (
    Status.PENDING,
    Status.CONFIRMED,
    Status.COMPLETED,
    Status.NO_SHOW,
    Status.CANCELLED,
)
START = dt.datetime(2030, 1, 8, 10, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
BEFORE = {(P, C), (P, X), (C, X)}
AT_THE_START = {(P, X), (C, X)}
AFTER = {(P, X), (C, D), (C, N), (C, X)}


class TestMayBecome:
    @pytest.mark.parametrize("current", Status)
    @pytest.mark.parametrize("wanted", Status)
    @pytest.mark.parametrize(
        ("now", "allowed"),
        [(START - SECOND, BEFORE), (START, AT_THE_START), (START + SECOND, AFTER)],
    )
    def test_follows_the_diagram(
        self,
        current: Status,
        wanted: Status,
        now: dt.datetime,
        allowed: set[tuple[Status, Status]],
    ) -> None:
        answer = may_become(current, wanted, starts_at=START, now=now)

        assert answer == ((current, wanted) in allowed)
