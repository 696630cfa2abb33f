"""The time of one provider or resource, as one run of a simulation sees it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from booking_service.domain.availability import EVER
from booking_service.domain.localtime import Span
from booking_service.domain.spans import merged, subtracted

# What is left, of the planned duration, of a visit that outlasts all that is known.
OVERDUE = 0.1

Ratios = Sequence[float]
"""What visits took of their planned duration, in order."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """What takes a provider or a resource, for as long as it lasts.

    Attributes:
        span: The time that is kept for it, buffers included.
        starts: When the visit itself is to begin, or did.
        duration: Of the visit as planned, in seconds.
        ratios: Of such visits; none: it takes just the time that is kept for it. Else it
            ends when it ends, and what is kept beyond is given back.
        has_begun: Whether it is known to have begun.
    """

    span: Span
    starts: int
    duration: int
    ratios: Ratios = ()
    has_begun: bool = False


@dataclass(frozen=True)
class Lane:
    """One provider or resource.

    Attributes:
        open: When visits may take place, merged.
        closed: What neither a visit nor its buffer may touch, merged.
        engagements: In the order in which they begin.
    """

    open: Sequence[Span] = (EVER,)
    closed: Sequence[Span] = ()
    engagements: Sequence[Engagement] = ()


@dataclass(slots=True)
class Gap:
    """Free time: visits end by ``end``, their buffers by ``clear``.

    Attributes:
        delays: Behind it comes an engagement, which begins later if a visit overruns.
    """

    start: int
    end: int
    clear: int
    delays: bool


def gaps(lane: Lane, now: int, shares: Iterator[float]) -> list[Gap]:
    """The free time of a lane from ``now`` on.

    Args:
        lane: Whose.
        now: What was before is over.
        shares: For each engagement a number in (0, 1): how long it lasts among all that
            it may.
    """
    taken: list[Span] = []
    free_from = EVER[0]
    for each in lane.engagements:
        begins = each.starts if each.has_begun else max(each.starts, free_from)
        ends = _end(each, begins, now, next(shares))
        taken.append((min(each.span[0], each.starts), ends))
        free_from = max(free_from, ends)
    obstacles = merged([(EVER[0], now), *lane.closed, *taken])
    starts = [start for start, _ in obstacles]
    begun = {start for start, _ in taken}
    found = []
    for start, end in subtracted(lane.open, obstacles):
        behind = bisect_left(starts, end)
        clear = starts[behind] if behind < len(starts) else EVER[1]
        found.append(Gap(start, end, clear, delays=clear in begun))
    return found


def take(free: list[Gap], start: int, end: int) -> None:
    """Take ``[start, end)`` out of the gaps of a lane.

    Who stays longer than a gap delays the engagement behind it, which in turn delays
    what is behind that, until there is slack enough between two.
    """
    kept: list[Gap] = []
    late = 0
    for gap in free:
        if gap.start < start:
            until = min(gap.end, start)
            kept.append(Gap(gap.start, until, min(gap.clear, start), delays=False))
        if gap.end <= start:
            continue
        begins = max(gap.start + late, end)
        if begins < gap.end:
            kept.append(Gap(begins, gap.end, gap.clear, delays=gap.delays))
        late = max(0, begins - gap.clear) if gap.delays else 0
    free[:] = kept


def quantile(ratios: Ratios, share: float) -> float:
    """The value below which this share of the ordered ratios lies."""
    place = share * len(ratios) - 0.5
    lower = math.floor(place)
    if lower < 0:
        return ratios[0]
    if lower + 1 >= len(ratios):
        return ratios[-1]
    return ratios[lower] + (place - lower) * (ratios[lower + 1] - ratios[lower])


def _end(engagement: Engagement, begins: int, now: int, share: float) -> int:
    """When an engagement ends that begins, or began, at an instant."""
    ratios, planned = engagement.ratios, engagement.duration
    if not ratios:
        return engagement.span[1]
    if begins > now:
        return begins + round(planned * quantile(ratios, share))
    # It has lasted this long already: of those that did, what did they take?
    longer = ratios[bisect_left(ratios, (now - begins) / planned) :]
    if not longer:
        return now + round(planned * OVERDUE)
    return max(now, begins + round(planned * quantile(longer, share)))
