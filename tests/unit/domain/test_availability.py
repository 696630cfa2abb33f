from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_service.domain.availability import (
    Allowance,
    Bounds,
    Calendar,
    Offer,
    Reason,
    openings,
    reasons_against,
)
from booking_service.domain.hours import Period, Shift, shifts
from booking_service.domain.localtime import instant, moment
from booking_service.domain.taken import Taken
from tests.unit.domain.reference import is_offered

PROVIDER = uuid.UUID(int=1)
UTC = ZoneInfo("UTC")
DAY = dt.date(2030, 1, 7)
ALWAYS = Bounds(now=0, earliest=0, latest=1 << 60)
HOUR = 3600


def at(clock: str) -> int:
    return instant(dt.datetime.fromisoformat(f"{DAY}T{clock}:00Z"))


def span(start: str, end: str) -> tuple[int, int]:
    return at(start), at(end)


def taken(start: str, end: str) -> Taken:
    return Taken(span(start, end), span(start, end))


def calendar(*periods: Period, **facts: Sequence[object]) -> Calendar:
    worked = shifts([], {DAY: periods}, first=DAY, last=DAY, zone=UTC)
    return Calendar(PROVIDER, worked, **facts)  # type: ignore[arg-type] # as each test says


def offer(minutes: int, **others: int) -> Offer:
    values = {"interval": minutes, "buffer_before": 0, "buffer_after": 0, **others}
    counts = {name: values.pop(name) for name in ("capacity",) if name in values}
    in_seconds = {name: 60 * value for name, value in values.items()}
    return Offer(duration=60 * minutes, **counts, **in_seconds)


def clocks(
    found: Calendar, wanted: Offer, bounds: Bounds = ALWAYS, window: str = "00:00 23:59"
) -> list[str]:
    between = span(*window.split())
    return [f"{moment(o.start):%H:%M}" for o in openings(found, wanted, bounds, between)]


NINE_TO_FIVE = Period(540, 1020)
WITH_A_BREAK = Period(540, 1020, ((720, 750),))


class TestOpenings:
    def test_step_from_the_start_of_the_period(self) -> None:
        assert clocks(calendar(Period(555, 690)), offer(45)) == ["09:15", "10:00", "10:45"]

    def test_a_break_does_not_restart_the_grid(self) -> None:
        found = clocks(calendar(WITH_A_BREAK), offer(60))

        assert found == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"]

    def test_an_appointment_may_run_over_the_join_of_periods(self) -> None:
        joined = calendar(Period(540, 630), Period(630, 720))

        assert clocks(joined, offer(60)) == ["09:00", "10:00", "10:30"]

    def test_an_appointment_must_end_inside_working_time(self) -> None:
        assert clocks(calendar(Period(540, 570)), offer(60, interval=15)) == []

    def test_a_buffer_may_reach_past_closing_time(self) -> None:
        assert clocks(calendar(Period(540, 600)), offer(60, buffer_after=30)) == ["09:00"]

    def test_a_buffer_may_not_reach_into_a_break(self) -> None:
        found = clocks(calendar(WITH_A_BREAK), offer(60, buffer_after=15))

        assert "11:00" not in found
        assert "10:00" in found

    def test_buffers_of_neighbours_add_up(self) -> None:
        busy = calendar(NINE_TO_FIVE, taken=[taken("10:00", "11:15")])

        found = clocks(busy, offer(60, interval=15, buffer_before=15))

        assert "11:15" not in found
        assert "11:30" in found

    def test_touching_is_not_overlapping(self) -> None:
        busy = calendar(NINE_TO_FIVE, taken=[taken("10:00", "11:00")])

        found = clocks(busy, offer(60))

        assert found[:2] == ["09:00", "11:00"]

    @pytest.mark.parametrize("kind", ["time_off", "closures"])
    def test_nothing_starts_in_an_absence(self, kind: str) -> None:
        away = calendar(NINE_TO_FIVE, **{kind: [span("00:00", "15:30")]})

        assert clocks(away, offer(60)) == ["16:00"]

    def test_notice_counts_to_the_second(self) -> None:
        bounds = Bounds(now=at("09:00"), earliest=at("10:00") + 1, latest=1 << 60)

        assert clocks(calendar(NINE_TO_FIVE), offer(60), bounds)[0] == "11:00"

    def test_the_horizon_ends_before_its_midnight(self) -> None:
        bounds = Bounds(now=0, earliest=0, latest=at("12:00"))

        assert clocks(calendar(NINE_TO_FIVE), offer(60), bounds)[-1] == "11:00"

    def test_a_full_day_offers_nothing(self) -> None:
        def under(untouched: int, left: int) -> Calendar:
            allowance = Allowance(untouched, [(span("00:00", "23:59"), left)])
            return calendar(NINE_TO_FIVE, allowances=[allowance])

        assert clocks(under(2, 0), offer(60)) == []
        assert clocks(under(3, 1), offer(60))
        assert clocks(under(0, 1), offer(60)) == []

    def test_a_cap_limits_the_seats_of_a_group(self) -> None:
        allowance = Allowance(3, [(span("00:00", "23:59"), 1)])
        booked = calendar(NINE_TO_FIVE, allowances=[allowance])

        found = openings(booked, offer(60, capacity=5), ALWAYS, span("09:00", "10:00"))

        assert [opening.seats_left for opening in found] == [1]

    def test_a_window_holds_its_start_and_not_its_end(self) -> None:
        found = clocks(calendar(NINE_TO_FIVE), offer(60), window="10:00 12:00")

        assert found == ["10:00", "11:00"]

    def test_a_group_start_shows_the_seats_that_are_left(self) -> None:
        ten = span("10:00", "11:00")
        seat = Taken(ten, ten, session=at("10:00"))
        found = openings(
            calendar(NINE_TO_FIVE, taken=[seat, seat]),
            offer(60, capacity=3),
            ALWAYS,
            span("09:00", "12:00"),
        )

        assert [(f"{moment(o.start):%H}", o.seats_left) for o in found] == [
            ("09", 3),
            ("10", 1),
            ("11", 3),
        ]

    def test_a_full_group_start_is_not_offered(self) -> None:
        ten = span("10:00", "11:00")
        seat = Taken(ten, ten, session=at("10:00"))

        found = clocks(calendar(NINE_TO_FIVE, taken=[seat] * 2), offer(60, capacity=2))

        assert "10:00" not in found


class TestReasonsAgainst:
    @pytest.mark.parametrize(
        ("start", "facts", "expected"),
        [
            ("07:00", {}, [Reason.OUTSIDE_WORKING_HOURS]),
            ("09:30", {}, [Reason.OFF_GRID]),
            ("12:00", {}, [Reason.BREAK]),
            ("10:00", {"time_off": [span("10:00", "10:30")]}, [Reason.TIME_OFF]),
            ("10:00", {"closures": [span("10:00", "10:30")]}, [Reason.CLOSURE]),
            (
                "10:00",
                {"allowances": [Allowance(9, [(span("00:00", "23:00"), 0)])]},
                [Reason.DAILY_CAP],
            ),
            ("10:00", {"taken": [taken("10:30", "11:30")]}, [Reason.BOOKING]),
            (
                "10:00",
                {"taken": [Taken(span("10:45", "12:00"), span("11:00", "12:00"))]},
                [Reason.BUFFER],
            ),
            (
                "10:00",
                {
                    "taken": [
                        Taken(
                            span("10:00", "11:00"),
                            span("10:00", "11:00"),
                            expires_at=at("10:30"),
                        )
                    ]
                },
                [Reason.HOLD],
            ),
            ("11:00", {}, []),
        ],
    )
    def test_names_what_stands_in_the_way(
        self, start: str, facts: dict[str, Sequence[object]], expected: list[Reason]
    ) -> None:
        wanted = offer(60)

        found = reasons_against(calendar(WITH_A_BREAK, **facts), wanted, ALWAYS, at(start))

        assert found == expected

    @pytest.mark.parametrize(
        ("bounds", "expected"),
        [
            (Bounds(at("10:01"), at("10:01"), 1 << 60), Reason.PAST),
            (Bounds(at("09:00"), at("10:01"), 1 << 60), Reason.NOTICE),
            (Bounds(0, 0, at("10:00")), Reason.HORIZON),
        ],
    )
    def test_names_the_shops_bounds(self, bounds: Bounds, expected: Reason) -> None:
        found = reasons_against(calendar(NINE_TO_FIVE), offer(60), bounds, at("10:00"))

        assert found == [expected]

    def test_a_full_group_is_a_matter_of_capacity(self) -> None:
        ten = span("10:00", "11:00")
        full = calendar(NINE_TO_FIVE, taken=[Taken(ten, ten, at("10:00"))] * 2)

        found = reasons_against(full, offer(60, capacity=2), ALWAYS, at("10:00"))

        assert found == [Reason.CAPACITY]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Calendar, Offer, Bounds]:
    """A calendar of a hundred seconds in which everything happens."""

    def some_spans(most: int) -> list[tuple[int, int]]:
        pairs = st.tuples(st.integers(0, 100), st.integers(1, 30))
        return [(a, a + b) for a, b in draw(st.lists(pairs, max_size=most))]

    capacity = draw(st.sampled_from([1, 1, 3]))
    wanted = Offer(
        duration=draw(st.integers(1, 12)),
        buffer_before=draw(st.integers(0, 4)),
        buffer_after=draw(st.integers(0, 4)),
        interval=draw(st.integers(1, 9)),
        capacity=capacity,
    )
    worked = sorted(some_spans(4))
    pauses = [tuple(p for p in some_spans(2) if p[0] >= s and p[1] <= e) for s, e in worked]
    groups = draw(st.lists(st.integers(0, 100), max_size=6)) if capacity > 1 else []
    seats = [Taken(wanted.blocked(g), wanted.appointment(g), session=g) for g in groups]
    found = Calendar(
        PROVIDER,
        [Shift(s, e, b) for (s, e), b in zip(worked, pauses, strict=True)],
        time_off=some_spans(1),
        closures=some_spans(1),
        taken=[Taken(each, each) for each in some_spans(3)] + seats,
        allowances=[
            Allowance(
                most, [(each, most - draw(st.integers(0, 3))) for each in some_spans(1)]
            )
            for most in draw(st.lists(st.integers(0, 3), max_size=2))
        ],
    )
    now = draw(st.integers(0, 40))
    earliest = now + draw(st.integers(0, 20))
    return found, wanted, Bounds(now, earliest, draw(st.integers(50, 140)))


class TestEngine:
    @given(worlds())
    def test_offers_exactly_what_the_rules_admit(
        self, world: tuple[Calendar, Offer, Bounds]
    ) -> None:
        found, wanted, bounds = world

        offered = [o.start for o in openings(found, wanted, bounds, (0, 140))]

        assert offered == [s for s in range(140) if is_offered(found, wanted, bounds, s)]

    @given(worlds(), st.integers(0, 139))
    def test_gives_a_reason_exactly_for_what_it_does_not_offer(
        self, world: tuple[Calendar, Offer, Bounds], start: int
    ) -> None:
        found, wanted, bounds = world

        reasons = reasons_against(found, wanted, bounds, start)

        assert (reasons == []) == is_offered(found, wanted, bounds, start)

    @given(worlds(), st.integers(0, 140))
    def test_answers_a_window_as_the_union_of_its_parts(
        self, world: tuple[Calendar, Offer, Bounds], cut: int
    ) -> None:
        found, wanted, bounds = world

        whole = openings(found, wanted, bounds, (0, 140))

        parts = [openings(found, wanted, bounds, part) for part in ((0, cut), (cut, 140))]
        assert whole == parts[0] + parts[1]
