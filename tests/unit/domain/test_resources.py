from __future__ import annotations

import uuid

from booking_service.domain.resources import Pool, Team, assembled, have_room, sets_left
from booking_service.domain.taken import Taken

ANNA, CHAIR, SOFA, ROOM = (uuid.UUID(int=number) for number in (1, 2, 3, 4))


def taken(start: int, end: int, *, group: int | None = None) -> Taken:
    return Taken((start, end), (start, end), session=group, provider_id=ANNA)


class TestPool:
    def test_names_what_nothing_takes_at_any_time(self) -> None:
        pool = Pool("chair", {CHAIR: [taken(30, 40), taken(10, 20)], SOFA: []})

        assert pool.free((20, 30)) == [CHAIR, SOFA]
        assert pool.free((19, 21)) == [SOFA]
        assert pool.free((15, 35)) == [SOFA]
        assert pool.free((40, 50)) == [CHAIR, SOFA]

    def test_knows_what_a_group_start_has(self) -> None:
        pool = Pool("room", {CHAIR: [taken(5, 9)], ROOM: [taken(10, 20, group=10)]})

        assert pool.of_group(ANNA, 10) == ROOM
        assert pool.of_group(ANNA, 5) is None
        assert pool.of_group(CHAIR, 10) is None


class TestHaveRoom:
    def test_in_every_kind(self) -> None:
        has, lacks = Pool("room", {ROOM: [taken(10, 20, group=10)]}), Pool("chair", {})

        assert have_room([has], ANNA, 10)
        assert not have_room([has, lacks], ANNA, 10)
        assert not have_room([], ANNA, 10)


class TestSetsLeft:
    def test_is_what_is_left_of_the_scarcest_kind(self) -> None:
        chairs = Pool("chair", {CHAIR: [], SOFA: []})
        rooms = Pool("room", {ROOM: [taken(10, 20)]})

        assert sets_left([chairs, rooms], (0, 10)) == 1
        assert sets_left([chairs, rooms], (10, 11)) == 0
        assert sets_left([], (10, 11)) is None


class TestAssembled:
    def test_takes_the_first_of_each_kind_that_is_not_lost(self) -> None:
        choices = [[CHAIR, SOFA], [ROOM]]

        assert assembled([ANNA], choices, ()) == Team((ANNA,), (CHAIR, ROOM))
        assert assembled([ANNA], choices, {CHAIR}) == Team((ANNA,), (SOFA, ROOM))
        assert assembled([ANNA], choices, {CHAIR, SOFA}) is None
        assert assembled([ANNA], choices, {ANNA}) is None
        assert assembled([ANNA], [], ()) == Team((ANNA,))

    def test_is_taken_in_the_order_of_ids(self) -> None:
        assert Team((ROOM, ANNA), (SOFA,)).everyone == [ANNA, SOFA, ROOM]
