"""Sets of instants as sorted lists of half-open spans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from booking_service.domain.localtime import Span


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union, sorted, with spans that touch or overlap joined into one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            if end > result[-1][1]:
                result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


def subtracted(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """``spans`` without ``holes``; both merged, so is the result."""
    result: list[Span] = []
    first = 0
    for start, end in spans:
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        left, position = start, first
        while position < len(holes) and holes[position][0] < end:
            if holes[position][0] > left:
                result.append((left, holes[position][0]))
            left = max(left, holes[position][1])
            position += 1
        if left < end:
            result.append((left, end))
    return result


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Say whether ``span`` shares time with any of ``others``; touching does not."""
    start, end = span
    return any(start < other_end and other_start < end for other_start, other_end in others)


def meets(span: Span, others: Sequence[Span]) -> bool:
    """The same of many others, which are merged."""
    position = bisect_right(others, span[0], key=lambda other: other[1])
    return position < len(others) and others[position][0] < span[1]


def near(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    """Those of many spans, which are merged, that share time with ``window``."""
    first = bisect_right(spans, window[0], key=lambda span: span[1])
    return spans[first : bisect_left(spans, window[1], key=lambda span: span[0])]


def contained(span: Span, others: Sequence[Span]) -> bool:
    """Say whether one of many spans, which are merged, contains all of ``span``."""
    position = bisect_right(others, span[0], key=lambda other: other[0]) - 1
    return position >= 0 and span[1] <= others[position][1]


def covers(spans: Iterable[Span], span: Span) -> bool:
    """Say whether one of the merged ``spans`` contains all of ``span``."""
    return any(start <= span[0] and span[1] <= end for start, end in spans)
