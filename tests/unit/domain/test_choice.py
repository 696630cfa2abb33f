from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from booking_service.domain.availability import Opening
from booking_service.domain.choice import (
    MOST_ALTERNATIVES,
    Slot,
    Workload,
    fairest_first,
    joint_slots,
    nearest,
    slots,
    without,
)

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))
# No resources are needed at any start.
NEEDED: Callable[[int], int | None] = dict[int, int]().get
NOON = dt.datetime(2030, 1, 7, 12, tzinfo=dt.UTC)


class TestFairestFirst:
    def test_prefers_who_has_the_least_to_do(self) -> None:
        assert fairest_first([A, B], {A: Workload(60), B: Workload(30)}) == [B, A]

    def test_then_who_is_idle_longest(self) -> None:
        idle = {
            A: Workload(30, NOON),
            B: Workload(30, NOON - dt.timedelta(hours=1)),
            C: Workload(30, None),
        }

        assert fairest_first([A, B, C], idle) == [C, B, A]

    def test_then_the_lowest_id(self) -> None:
        assert fairest_first([C, A, B], {}) == [A, B, C]


class TestSlots:
    def test_name_each_start_once_in_order(self) -> None:
        found = slots([[Opening(20, B, 1), Opening(30, B, 1)], [Opening(20, A, 2)]], NEEDED)

        assert found == [Slot(20, (A, B), 3), Slot(30, (B,), 1)]

    def test_have_as_many_seats_as_there_are_resources_for(self) -> None:
        both = [[Opening(20, A, 1), Opening(30, A, 1)], [Opening(20, B, 1)]]

        assert slots(both, {20: 1, 30: 0}.get) == [Slot(20, (A, B), 1)]

    def test_of_a_group_that_has_its_room_need_no_other(self) -> None:
        both = [[Opening(20, A, 4, has_room=True)], [Opening(20, B, 9)]]

        assert slots(both, {20: 0}.get) == [Slot(20, (A,), 4)]
        assert slots(both, {20: 1}.get) == [Slot(20, (A, B), 13)]


class TestJointSlots:
    def test_start_when_everyone_can(self) -> None:
        both = [[Opening(20, B, 3), Opening(30, B, 1)], [Opening(20, A, 2)]]

        assert joint_slots(both, NEEDED, leader=A) == [Slot(20, (A, B), 2)]

    def test_need_one_room(self) -> None:
        both = [
            [Opening(20, A, 2, has_room=True), Opening(30, A, 1)],
            [Opening(20, B, 2), Opening(30, B, 1)],
        ]

        def starts(rooms: int, leader: uuid.UUID) -> list[int]:
            found = joint_slots(both, lambda _: rooms, leader=leader)
            return [slot.start for slot in found]

        assert starts(1, A) == [20, 30]
        assert starts(0, A) == [20]
        assert starts(0, B) == []


class TestNearest:
    def test_takes_a_few_on_both_sides_in_order(self) -> None:
        offered = [Slot(start, (A,), 1) for start in range(0, 100, 10) if start != 50]

        found = nearest(offered, 50, MOST_ALTERNATIVES)

        assert [slot.start for slot in found] == [20, 30, 40, 60, 70]
        assert len(found) == MOST_ALTERNATIVES

    def test_takes_the_start_itself_where_another_has_it(self) -> None:
        assert nearest([Slot(50, (B,), 1)], 50, 5) == [Slot(50, (B,), 1)]


class TestWithout:
    def test_leaves_out_one_start_at_one_provider(self) -> None:
        offered = [Slot(10, (A, B), 2), Slot(20, (A,), 1), Slot(30, (A,), 1)]

        assert without(offered, 10, [A]) == [Slot(10, (B,), 2), *offered[1:]]
        assert without(offered, 20, [A]) == [offered[0], offered[2]]
        assert without(offered, 10, [C]) == offered
