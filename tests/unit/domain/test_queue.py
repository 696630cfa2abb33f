"""The queue, simulated: what it says where that can be worked out by hand."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence

from booking_service.domain import queue
from booking_service.domain.localtime import Span
from booking_service.domain.queue import AS_PLANNED, DEFAULT_RATIOS, Visit, Wait
from booking_service.domain.timeline import Engagement, Lane

ANNA, BERT, CHAIR, STOOL = (uuid.UUID(int=number) for number in range(1, 5))
NOW, MINUTE, HOUR = 1_893_492_000, 60, 3600
ALL_DAY = (NOW - HOUR, NOW + 8 * HOUR)


def waits(
    visits: Sequence[Visit],
    lanes: Mapping[uuid.UUID, Lane],
    pools: Mapping[str, Sequence[uuid.UUID]],
    *,
    now: int = NOW,
    longest: int = 24 * HOUR,
) -> list[Wait]:
    return queue.waits(visits, lanes, pools, now=now, longest=longest)


def visit(
    minutes: int = 30,
    *providers: uuid.UUID,
    ratios: Sequence[float] = AS_PLANNED,
    buffer: int = 0,
    kinds: Sequence[str] = (),
) -> Visit:
    return Visit(minutes * MINUTE, buffer * MINUTE, ratios, providers or (ANNA,), kinds)


def engaged(
    starts: int,
    ends: int,
    *,
    ratios: Sequence[float] = (),
    began: int | None = None,
) -> Engagement:
    span = NOW + starts * MINUTE, NOW + ends * MINUTE
    begins = span[0] if began is None else NOW + began * MINUTE
    return Engagement(span, begins, span[1] - span[0], ratios, began is not None)


def lane(*engagements: Engagement, closed: Sequence[Span] = ()) -> Lane:
    return Lane([ALL_DAY], closed, engagements)


def waited(
    visits: Sequence[Visit],
    lanes: Mapping[uuid.UUID, Lane],
    pools: Mapping[str, Sequence[uuid.UUID]] | None = None,
) -> list[int | None]:
    """The medians, in minutes."""
    found = waits(visits, lanes, pools or {})
    return [None if each.p50 is None else each.p50 // MINUTE for each in found]


class TestWaits:
    def test_of_nobody_are_none(self) -> None:
        assert waits([], {}, {}, now=NOW) == []

    def test_add_up_along_the_queue(self) -> None:
        queue = [visit(30), visit(20), visit(10)]

        assert waited(queue, {ANNA: lane()}) == [0, 30, 50]

    def test_are_shared_by_those_who_serve(self) -> None:
        queue = [visit(30, ANNA, BERT) for _ in range(4)]

        assert waited(queue, {ANNA: lane(), BERT: lane()}) == [0, 0, 30, 30]

    def test_are_longer_for_one_who_asks_for_somebody(self) -> None:
        queue = [visit(30, ANNA), visit(30, ANNA), visit(30, BERT)]

        assert waited(queue, {ANNA: lane(), BERT: lane()}) == [0, 30, 0]

    def test_lead_around_what_is_booked(self) -> None:
        booked = lane(engaged(20, 60))

        assert waited([visit(30), visit(20)], {ANNA: booked}) == [60, 0]

    def test_lead_around_breaks_and_end_with_the_day(self) -> None:
        pause = (NOW + 10 * MINUTE, NOW + 7 * HOUR)

        assert waited([visit(30), visit(40)], {ANNA: lane(closed=[pause])}) == [420, None]

    def test_keep_the_buffer_behind_clear_of_bookings_but_not_of_closing_time(self) -> None:
        booked = lane(engaged(40, 60))
        until_closing = lane(engaged(0, 450))

        assert waited([visit(30, buffer=15)], {ANNA: booked}) == [60]
        assert waited([visit(30, buffer=10)], {ANNA: booked}) == [0]
        assert waited([visit(30, buffer=15)], {ANNA: until_closing}) == [450]

    def test_that_begin_too_late_are_unknown_but_may_end_later(self) -> None:
        queue = [visit(30), visit(30)]

        found = waits(queue, {ANNA: lane()}, {}, longest=30 * MINUTE)
        shorter = waits(queue, {ANNA: lane()}, {}, longest=30 * MINUTE - 1)

        assert [each.p50 for each in found] == [0, 30 * MINUTE]
        assert [each.p50 for each in shorter] == [0, None]

    def test_are_told_of_a_long_queue_with_much_to_choose_from_soon(self) -> None:
        everyone = [uuid.UUID(int=number) for number in range(100, 120)]
        chairs = [uuid.UUID(int=number) for number in range(200, 220)]
        queue = [
            visit(30, *everyone, kinds=["chair"], ratios=DEFAULT_RATIOS) for _ in range(200)
        ]
        lanes = {each: lane() for each in everyone} | {each: Lane() for each in chairs}
        began = time.process_time()

        waits(queue, lanes, {"chair": chairs})

        # Without bounds it was half a minute.
        assert time.process_time() - began < 5

    def test_of_one_whom_nobody_serves_are_unknown(self) -> None:
        nobody = Visit(30 * MINUTE, 0, AS_PLANNED, ())

        assert waits([nobody], {}, {}, now=NOW) == [Wait(None, None)]

    def test_last_until_a_resource_is_free(self) -> None:
        queue = [visit(30, who, kinds=["chair"]) for who in (ANNA, BERT, ANNA)]
        lanes = {ANNA: lane(), BERT: lane(), CHAIR: Lane(), STOOL: Lane()}

        assert waited(queue, lanes, {"chair": [CHAIR]}) == [0, 30, 60]
        assert waited(queue, lanes, {"chair": [CHAIR, STOOL]}) == [0, 0, 30]
        assert waited(queue, lanes, {"chair": []}) == [None, None, None]

    def test_need_provider_and_resource_at_once(self) -> None:
        lanes = {
            ANNA: lane(engaged(0, 20), engaged(50, 70)),
            CHAIR: Lane(engagements=[engaged(30, 45)]),
        }

        found = waited([visit(25, kinds=["chair"])], lanes, {"chair": [CHAIR]})

        assert found == [70]


class TestSpread:
    def test_is_that_of_the_visits_ahead(self) -> None:
        ratios = [0.5] * 5 + [1.0] * 4 + [2.0]

        _, second = waits([visit(ratios=ratios), visit()], {ANNA: lane()}, {}, now=NOW)

        assert second.p50 is not None
        assert 15 * MINUTE <= second.p50 <= 30 * MINUTE
        assert second.p90 is not None
        assert 30 * MINUTE <= second.p90 <= 60 * MINUTE

    def test_of_the_default_is_as_stated(self) -> None:
        queue = [visit(100, ratios=DEFAULT_RATIOS), visit()]

        _, second = waits(queue, {ANNA: lane()}, {}, now=NOW)

        assert second.p50 is not None
        assert abs(second.p50 / MINUTE - 100) <= 2
        assert second.p90 is not None
        assert abs(second.p90 / MINUTE - 138) <= 3
        assert sum(each < 0.73 for each in DEFAULT_RATIOS) == len(DEFAULT_RATIOS) / 10

    def test_is_the_same_each_time_and_for_those_before(self) -> None:
        queue = [visit(ratios=DEFAULT_RATIOS) for _ in range(6)]
        lanes = {ANNA: lane()}

        long = waits(queue, lanes, {}, now=NOW)

        assert waits(queue, lanes, {}, now=NOW) == long
        assert waits(queue[:3], lanes, {}, now=NOW) == long[:3]

    def test_of_a_visit_that_lasts_is_what_is_left_of_it(self) -> None:
        ratios = [0.5, 1.0, 1.5]
        for_half = lane(engaged(-15, 15, ratios=ratios))
        for_long = lane(engaged(-40, -10, ratios=ratios))
        for_ever = lane(engaged(-60, -30, ratios=ratios))

        assert 10 <= (waited([visit()], {ANNA: for_half})[0] or 0) <= 25
        assert waited([visit()], {ANNA: for_long}) == [5]
        assert waited([visit()], {ANNA: for_ever}) == [3]

    def test_of_one_that_began_early_takes_the_time_from_then_on(self) -> None:
        early = lane(engaged(200, 230, ratios=[1.0], began=0))

        assert waited([visit(20)], {ANNA: early}) == [30]

    def test_of_a_booking_that_waits_behind_another_begins_when_that_ends(self) -> None:
        over = engaged(-40, -10, ratios=[2.0])
        due = engaged(-5, 25, ratios=[1.0])

        assert waited([visit(20)], {ANNA: lane(over, due)}) == [50]

    def test_of_bookings_delays_those_behind(self) -> None:
        late = [engaged(0, 30, ratios=[2.0]), engaged(30, 60, ratios=[1.0])]

        assert waited([visit(20)], {ANNA: lane(*late)}) == [90]

    def test_of_bookings_that_end_early_makes_room(self) -> None:
        early = lane(engaged(0, 30, ratios=[0.5]))

        assert waited([visit(20)], {ANNA: early}) == [15]

    def test_of_a_visit_that_overruns_delays_the_booking_and_those_behind_it(self) -> None:
        booked = engaged(30, 60, ratios=[1.0])
        queue = [visit(30, ratios=[1.5]), visit(30)]

        assert waited(queue, {ANNA: lane(booked)}) == [0, 75]

    def test_of_a_visit_that_overruns_does_not_move_a_break(self) -> None:
        pause = (NOW + 30 * MINUTE, NOW + 60 * MINUTE)
        queue = [visit(30, ratios=[1.5]), visit(30)]

        assert waited(queue, {ANNA: lane(closed=[pause])}) == [0, 60]

    def test_leaves_slack_between_bookings_as_it_is(self) -> None:
        booked = lane(engaged(30, 60, ratios=[1.0]), engaged(90, 120, ratios=[1.0]))
        queue = [visit(30, ratios=[1.5]), visit(15), visit(40)]

        assert waited(queue, {ANNA: booked}) == [0, 75, 120]
