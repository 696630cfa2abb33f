from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from booking_service.domain.hours import (
    Period,
    Plan,
    Weekday,
    faults,
    minutes_of,
    shifts,
)
from booking_service.domain.localtime import moment

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY_OF_THE_GAP = dt.date(2030, 3, 31)


def worked(periods: list[Period], date: dt.date) -> list[tuple[str, str]]:
    found = shifts([], {date: periods}, first=date, last=date, zone=BERLIN)
    return [(f"{moment(s.start):%H:%M}", f"{moment(s.end):%H:%M}") for s in found]


class TestShifts:
    def test_follow_the_wall_clock_all_year(self) -> None:
        week = {day: [Period(540, 1020)] for day in Weekday}

        found = shifts(
            [Plan(dt.date.min, week)],
            {},
            first=dt.date(2030, 3, 30),
            last=dt.date(2030, 3, 31),
            zone=BERLIN,
        )

        assert [moment(shift.start).hour for shift in found] == [8, 7]

    def test_come_from_the_plan_that_has_begun_last(self) -> None:
        second = dt.date(2030, 1, 8)
        plans = [
            Plan(dt.date(2030, 1, 7), {day: [Period(540, 600)] for day in Weekday}),
            Plan(second, {day: [Period(540, 660)] for day in Weekday}),
        ]

        found = shifts(
            plans, {}, first=dt.date(2030, 1, 6), last=dt.date(2030, 1, 9), zone=BERLIN
        )

        lengths = [(shift.end - shift.start) // 60 for shift in found]
        assert lengths == [60, 120, 120]

    def test_an_override_replaces_its_date(self) -> None:
        monday = dt.date(2030, 1, 7)
        week = {Weekday.MONDAY: [Period(540, 1020)]}

        found = shifts(
            [Plan(dt.date.min, week)],
            {monday: [Period(600, 660)]},
            first=monday,
            last=monday,
            zone=BERLIN,
        )

        assert [shift.end - shift.start for shift in found] == [3600]

    def test_an_empty_override_closes_its_date(self) -> None:
        monday = dt.date(2030, 1, 7)
        week = {Weekday.MONDAY: [Period(540, 1020)]}

        plans = [Plan(dt.date.min, week)]

        assert not shifts(plans, {monday: []}, first=monday, last=monday, zone=BERLIN)

    def test_a_period_that_the_gap_inverts_is_not_worked(self) -> None:
        assert worked([Period(150, 180)], SUNDAY_OF_THE_GAP) == []

    def test_a_period_around_the_gap_is_an_hour_shorter(self) -> None:
        assert worked([Period(60, 240)], SUNDAY_OF_THE_GAP) == [("00:00", "02:00")]

    def test_breaks_follow_their_period(self) -> None:
        date = dt.date(2030, 1, 7)
        period = Period(540, 1020, ((720, 750),))

        (shift,) = shifts([], {date: [period]}, first=date, last=date, zone=BERLIN)

        assert [moment(pause[0]).hour for pause in shift.breaks] == [11]


class TestFaults:
    @pytest.mark.parametrize(
        ("periods", "where"),
        [
            ([Period(540, 540)], "0/ends"),
            ([Period(600, 540)], "0/ends"),
            ([Period(540, 720), Period(660, 780)], "1"),
            ([Period(540, 720, ((500, 560),))], "0/breaks/0"),
            ([Period(540, 720, ((560, 560),))], "0/breaks/0/ends"),
            ([Period(540, 720, ((560, 600), (590, 610)))], "0/breaks/1"),
        ],
    )
    def test_name_the_place(self, periods: list[Period], where: str) -> None:
        found = faults([((position,), each) for position, each in enumerate(periods)])

        assert ["/".join(map(str, fault.path)) for fault in found] == [where]

    def test_periods_may_touch(self) -> None:
        assert not faults([((0,), Period(540, 720)), ((1,), Period(720, 780))])

    def test_breaks_may_touch_each_other_and_the_ends(self) -> None:
        breaks = ((540, 560), (560, 580), (700, 720))

        assert not faults([((0,), Period(540, 720, breaks))])


class TestMinutesOf:
    @pytest.mark.parametrize(
        ("text", "minutes"), [("00:00", 0), ("09:30", 570), ("24:00", 1440)]
    )
    def test_counts_from_midnight(self, text: str, minutes: int) -> None:
        assert minutes_of(text) == minutes
