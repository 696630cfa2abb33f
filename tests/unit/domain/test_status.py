from __future__ import annotations

import pytest

from booking_service.domain.status import Status, may_become

P, C, D, N, X = (
    Status.PENDING,
    Status.CONFIRMED,
    Status.COMPLETED,
    Status.NO_SHOW,
    Status.CANCELLED,
)
BEFORE = {(P, C), (P, X), (C, X)}
AFTER = {(P, X), (C, D), (C, N), (C, X)}


class TestMayBecome:
    @pytest.mark.parametrize("current", Status)
    @pytest.mark.parametrize("wanted", Status)
    @pytest.mark.parametrize(("has_started", "allowed"), [(False, BEFORE), (True, AFTER)])
    def test_follows_the_diagram(
        self,
        current: Status,
        wanted: Status,
        has_started: bool,
        allowed: set[tuple[Status, Status]],
    ) -> None:
        answer = may_become(current, wanted, has_started=has_started)

        assert answer == ((current, wanted) in allowed)
