"""Scheduling cases that other systems are held to, through HTTP with the clock set.

Each states a zone, hours, what is booked, a service, a window and a time of asking.
Their grids restart at odd places, ours step from each period's own start; these cases
are the ones in which that makes no difference.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import WEEK, JsonObject, Shop, made

WORKDAYS = WEEK[:5]


class Case:
    """A shop with one provider and one service."""

    def __init__(
        self,
        new_shop: MakeShop,
        clock: SettableClock,
        *,
        zone: str = "UTC",
        now: str,
        minutes: int,
        interval: int | None = None,
        settings: JsonObject | None = None,
        **service: Any,
    ) -> None:
        clock.set(now)
        self.shop: Shop = new_shop(zone, **(settings or {}))
        self.service = self.shop.add_service(
            minutes, slot_interval_minutes=interval or minutes, **service
        )
        ids = [self.service["id"]]
        self.provider = made(
            self.shop.manager.post("/providers", name="A", service_ids=ids)
        )

    @property
    def path(self) -> str:
        return f"/providers/{self.provider['id']}"

    def works(self, days: Sequence[str], *periods: tuple[str, str]) -> None:
        self.shop.set_hours(
            self.provider,
            [{"weekday": day, "starts": a, "ends": b} for day in days for a, b in periods],
        )

    def works_on(self, date: str, *periods: tuple[str, str]) -> None:
        hours = [{"starts": starts, "ends": ends} for starts, ends in periods]
        made(self.shop.manager.put(f"{self.path}/date-overrides/{date}", hours=hours))

    def busy(self, start: str, minutes: int) -> None:
        other = self.shop.add_service(minutes, name="Busy", slot_interval_minutes=5)
        ids = [self.service["id"], other["id"]]
        made(self.shop.manager.put(self.path, service_ids=ids))
        made(self.shop.book(other, start))

    def offered(self, first: str, last: str, **query: str) -> list[str]:
        window = {"from": first, "to": last}
        question = {"service_id": self.service["id"], **window, **query}
        slots = made(self.shop.client().get("/availability", **question))["slots"]
        return [slot["starts_at"] for slot in slots]

    def per_day(self, starts: Sequence[str], zone: str) -> Counter[str]:
        at = ZoneInfo(zone)
        days = (dt.datetime.fromisoformat(each).astimezone(at).date() for each in starts)
        return Counter(map(str, days))


@pytest.fixture
def case(new_shop: MakeShop, clock: SettableClock) -> Any:
    def make(**facts: Any) -> Case:
        return Case(new_shop, clock, **facts)

    return make


def test_an_empty_day_of_24_hours(case: Any) -> None:
    found = case(now="2021-06-20T11:59:59Z", minutes=60)
    found.works_on("2021-06-21", ("00:00", "24:00"))

    assert len(found.offered("2021-06-21T00:00:00Z", "2021-06-22T00:00:00Z")) == 24


def test_starts_that_have_passed_are_not_offered(case: Any) -> None:
    found = case(now="2021-06-20T11:59:59Z", minutes=60)
    found.works_on("2021-06-20", ("00:00", "24:00"))

    assert len(found.offered("2021-06-20T00:00:00Z", "2021-06-21T00:00:00Z")) == 12


def test_two_shifts_in_a_day(case: Any) -> None:
    found = case(now="2021-06-20T11:59:59Z", minutes=20)
    found.works_on("2021-06-21", ("11:00", "12:00"), ("14:00", "15:00"))

    assert len(found.offered("2021-06-21T00:00:00Z", "2021-06-22T00:00:00Z")) == 6


def test_a_duration_that_fits_no_clock(case: Any) -> None:
    settings = {"booking_horizon_days": 1000}
    found = case(now="2021-06-20T11:59:59Z", minutes=8, settings=settings)
    found.works_on("2023-07-13", ("07:22", "08:00"))

    starts = found.offered("2023-07-13T00:00:00Z", "2023-07-14T00:00:00Z")

    assert [each[11:16] for each in starts] == ["07:22", "07:30", "07:38", "07:46"]


def test_notice_counts_to_the_minute(case: Any) -> None:
    found = case(
        now="2099-06-15T12:00:00Z",
        minutes=30,
        interval=15,
        settings={"min_notice_minutes": 45},
    )
    found.works_on("2099-06-15", ("12:00", "15:00"))

    starts = found.offered("2099-06-15T12:00:00Z", "2099-06-15T15:00:00Z")

    assert starts[0] == "2099-06-15T12:45:00Z"


def test_a_day_in_kolkata(case: Any) -> None:
    found = case(zone="Asia/Kolkata", now="2024-05-31T01:30:00Z", minutes=45)
    found.works(WEEK, ("09:30", "18:00"))

    starts = found.offered("2024-06-01T18:30:00Z", "2024-06-02T18:29:59Z")

    first = dt.datetime(2024, 6, 2, 4, tzinfo=dt.UTC)
    steps = [first + number * dt.timedelta(minutes=45) for number in range(11)]
    assert starts == [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in steps]


@pytest.mark.parametrize(("most", "left"), [(1, 0), (2, 23)])
def test_a_cap_counts_by_the_local_day(case: Any, most: int, left: int) -> None:
    found = case(
        zone="Asia/Dhaka", now="2024-05-31T01:30:00Z", minutes=60, max_per_day=most
    )
    found.works(WEEK, ("00:00", "24:00"))
    made(found.shop.book(found.service, "2024-06-02T08:00:00Z"))

    starts = found.offered("2024-06-01T00:00:00Z", "2024-06-03T23:59:59Z")

    assert found.per_day(starts, "Asia/Dhaka")["2024-06-02"] == left


@pytest.mark.parametrize("mine", [True, False])
def test_a_hold_hides_its_slot_from_others_only(case: Any, *, mine: bool) -> None:
    found = case(
        zone="Asia/Kolkata",
        now="2024-05-31T01:30:00Z",
        minutes=45,
        settings={"hold_minutes": 60},
    )
    found.works(WEEK, ("09:30", "18:00"))
    start = "2024-06-02T04:00:00Z"
    holder = found.shop.client("dana" if mine else "erik")
    body = {"service_id": found.service["id"], "starts_at": start}
    hold = made(holder.post("/holds", **body))

    window = ("2024-06-01T18:30:00Z", "2024-06-02T18:29:59Z")
    starts = found.offered(*window, hold_id=hold["id"])

    assert hold["expires_at"] == "2024-05-31T02:30:00Z"
    assert (start in starts) == mine
    assert len(starts) == 10 + mine


def test_a_horizon_counts_days(case: Any) -> None:
    found = case(
        zone="Asia/Kolkata",
        now="2024-05-31T01:30:00Z",
        minutes=60,
        settings={"booking_horizon_days": 2},
    )
    found.works(WEEK, ("09:30", "18:00"))

    starts = found.offered("2024-05-30T18:30:00Z", "2024-06-05T18:29:59Z")

    days = ("2024-05-31", "2024-06-01", "2024-06-02")
    assert found.per_day(starts, "Asia/Kolkata") == dict.fromkeys(days, 8)


def test_buffers_keep_away_from_a_booking(case: Any) -> None:
    found = case(
        now="2026-06-12T00:00:00Z",
        minutes=30,
        buffer_before_minutes=15,
        buffer_after_minutes=15,
    )
    found.works(WORKDAYS, ("09:00", "17:00"))
    found.busy("2026-06-15T10:00:00Z", 30)

    starts = found.offered("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z")

    assert "2026-06-15T10:00:00Z" not in starts
    assert "2026-06-15T09:00:00Z" in starts


def test_hours_stay_while_the_clocks_go_forward(case: Any) -> None:
    found = case(
        zone="America/Vancouver",
        now="2024-03-01T00:00:00Z",
        minutes=30,
        settings={"min_notice_minutes": 1440},
    )
    found.works(WORKDAYS, ("09:00", "17:00"))

    starts = found.offered("2024-03-02T00:00:00-08:00", "2024-03-15T23:59:59-07:00")

    assert (starts[0], starts[-1]) == ("2024-03-04T17:00:00Z", "2024-03-15T23:30:00Z")
    days = found.per_day(starts, "America/Vancouver")
    assert set(days.values()) == {16}
    assert len(days) == 10


def test_hours_stay_after_the_clocks_went_back(case: Any) -> None:
    found = case(zone="America/New_York", now="2023-11-05T13:26:14Z", minutes=60)
    found.works(WORKDAYS, ("09:00", "17:00"))

    starts = found.offered("2023-11-05T13:26:14Z", "2023-11-30T23:59:59Z")

    assert starts[0] == "2023-11-06T14:00:00Z"
    assert {each[11:16] for each in starts} == {f"{hour}:00" for hour in range(14, 22)}


def test_an_override_replaces_the_week_of_its_date(case: Any) -> None:
    found = case(zone="America/New_York", now="2023-06-12T00:00:00Z", minutes=60)
    found.works(WORKDAYS, ("08:00", "17:00"))
    found.works_on("2023-06-13", ("10:00", "15:00"))

    starts = found.offered("2023-06-13T00:00:00Z", "2023-06-15T00:00:00Z")

    assert starts[0] == "2023-06-13T14:00:00Z"
    assert starts[4:6] == ["2023-06-13T18:00:00Z", "2023-06-14T12:00:00Z"]
    assert starts[-1] == "2023-06-14T20:00:00Z"


def test_an_appointment_runs_over_midnight(case: Any) -> None:
    found = case(zone="Europe/London", now="2023-06-12T00:00:00Z", minutes=90, interval=30)
    evening = [{"weekday": day, "starts": "23:00", "ends": "24:00"} for day in WORKDAYS]
    night = [{"weekday": day, "starts": "00:00", "ends": "00:30"} for day in WEEK[1:6]]
    found.shop.set_hours(found.provider, evening + night)

    starts = found.offered("2023-06-13T00:00:00Z", "2023-06-15T00:00:00Z")

    assert starts == ["2023-06-13T22:00:00Z", "2023-06-14T22:00:00Z"]


def test_nothing_is_offered_where_it_does_not_fit(case: Any) -> None:
    found = case(now="2030-01-01T00:00:00Z", minutes=60, interval=15)
    found.works_on("2030-01-02", ("00:00", "00:30"))

    assert found.offered("2030-01-02T00:00:00Z", "2030-01-03T00:00:00Z") == []


def test_buffers_that_just_touch_are_fine(case: Any) -> None:
    found = case(
        now="2010-04-01T00:00:00Z",
        minutes=60,
        buffer_before_minutes=60,
        buffer_after_minutes=60,
    )
    found.works(WEEK, ("00:00", "24:00"))
    found.busy("2010-04-04T04:00:00Z", 60)
    found.busy("2010-04-04T08:00:00Z", 60)

    made(found.shop.book(found.service, "2010-04-04T06:00:00Z"))


def test_free_time_lies_around_what_is_busy(case: Any) -> None:
    found = case(now="2023-07-04T00:00:00Z", minutes=15)
    found.works_on("2023-07-05", ("04:00", "12:00"))
    found.busy("2023-07-05T04:45:00Z", 15)
    found.busy("2023-07-05T04:00:00Z", 15)

    starts = found.offered("2023-07-05T00:00:00Z", "2023-07-06T00:00:00Z")

    assert [each[11:16] for each in starts[:3]] == ["04:15", "04:30", "05:00"]
    assert len(starts) == 32 - 2
