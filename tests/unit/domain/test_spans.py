from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from booking_service.domain.spans import covers, merged, near, overlaps, subtracted

spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda p: (min(p), max(p)))
)


def points(given: list[tuple[int, int]]) -> set[int]:
    return {point for start, end in given for point in range(start, end)}


class TestMerged:
    @given(spans)
    def test_holds_the_same_instants(self, given: list[tuple[int, int]]) -> None:
        assert points(merged(given)) == points(given)

    @given(spans)
    def test_leaves_a_gap_between_any_two(self, given: list[tuple[int, int]]) -> None:
        found = merged(given)

        assert all(a[1] < b[0] for a, b in pairwise(found))

    def test_joins_spans_that_touch(self) -> None:
        assert merged([(2, 4), (0, 2)]) == [(0, 4)]


class TestSubtracted:
    @given(spans, spans)
    def test_leaves_what_no_hole_covers(
        self, given: list[tuple[int, int]], holes: list[tuple[int, int]]
    ) -> None:
        found = subtracted(merged(given), merged(holes))

        assert points(found) == points(given) - points(holes)

    def test_may_cut_one_span_in_two(self) -> None:
        assert subtracted([(0, 10)], [(3, 5)]) == [(0, 3), (5, 10)]


class TestOverlaps:
    def test_touching_is_not_overlapping(self) -> None:
        assert not overlaps((2, 4), [(0, 2), (4, 6)])

    def test_sharing_a_second_is(self) -> None:
        assert overlaps((2, 4), [(3, 9)])


class TestCovers:
    def test_needs_one_span_that_contains_all(self) -> None:
        assert covers([(0, 5)], (1, 5))
        assert not covers([(0, 3), (4, 9)], (2, 5))


class TestNear:
    @given(spans, st.integers(0, 40), st.integers(1, 10))
    def test_keeps_those_that_share_time(
        self, given: list[tuple[int, int]], start: int, length: int
    ) -> None:
        window = (start, start + length)

        found = near(merged(given), window)

        assert list(found) == [each for each in merged(given) if overlaps(window, [each])]
