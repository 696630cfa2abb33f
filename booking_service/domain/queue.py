"""How long those who walk in will wait: the queue, simulated.

Everybody in it is given the first gap that the planned time fits into, in order, and
leaves it after a time drawn from what such visits took. Many such runs show the spread
(a Monte Carlo simulation; the draws of a run are stratified as in Latin hypercube
sampling, McKay, Beckman and Conover 1979). The draws are the same each time, so that
equal questions have equal answers. Instants are whole seconds since 1970 (UTC).
"""

from __future__ import annotations

import math
import random
import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from booking_service.domain.availability import EVER
from booking_service.domain.localtime import Span
from booking_service.domain.spans import merged, subtracted

# The queue's length times the runs is about this, within the bounds below.
DRAWS = 6000
FEWEST_RUNS, MOST_RUNS = 50, 200
# Who is served for so many times the planned duration was forgotten to be finished, and
# who was for so little of it was not served.
FORGOTTEN, MISTAKEN = 3.0, 0.05
# What is left, of the planned duration, of a visit that outlasts all that is known.
OVERDUE = 0.1

Ratios = Sequence[float]

_NORMAL = NormalDist(sigma=0.25)
DEFAULT_RATIOS: Ratios = tuple(
    math.exp(_NORMAL.inv_cdf((rank + 0.5) / 40)) for rank in range(40)
)
"""What visits take of their planned duration where nothing is recorded: half of them
all of it or less, one in ten less than 0.73, one in ten more than 1.38 times."""
AS_PLANNED: Ratios = (1.0,)


@dataclass(frozen=True, slots=True)
class Visit:
    """One who waits to be served.

    Attributes:
        duration: As planned, in seconds.
        buffer_after: Kept free behind it, in seconds.
        ratios: What such visits took of their planned duration, in order.
        provider_ids: Of whom any may serve.
        kinds: Of the resources that are needed beside, one of each.
    """

    duration: int
    buffer_after: int
    ratios: Ratios
    provider_ids: Sequence[uuid.UUID]
    kinds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Engagement:
    """What takes a provider or a resource from a time on, for as long as it lasts.

    Attributes:
        span: The time that is kept for it, buffers included.
        starts: When the visit itself does or did.
        duration: Of the visit as planned, in seconds.
        ratios: As of a visit; empty: it takes just the time that is kept for it.
    """

    span: Span
    starts: int
    duration: int
    ratios: Ratios = ()


@dataclass(frozen=True)
class Lane:
    """One provider or resource.

    Attributes:
        open: When visits may take place, merged.
        closed: What neither a visit nor its buffer may touch, merged.
        engagements: By start.
    """

    open: Sequence[Span] = (EVER,)
    closed: Sequence[Span] = ()
    engagements: Sequence[Engagement] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """How long one will wait, in seconds; None: longer than can be foreseen.

    Attributes:
        p50: As likely longer as shorter.
        p90: Longer for one in ten.
    """

    p50: int | None
    p90: int | None


@dataclass(slots=True)
class _Gap:
    """Free time of a lane: visits end by ``end``, their buffers by ``clear``.

    Attributes:
        delays: Behind it comes an engagement, which begins later if a visit overruns.
    """

    start: int
    end: int
    clear: int
    delays: bool


def waits(
    queue: Sequence[Visit],
    lanes: Mapping[uuid.UUID, Lane],
    pools: Mapping[str, Sequence[uuid.UUID]],
    *,
    now: int,
) -> list[Wait]:
    """How long each of a queue will wait.

    Args:
        queue: Those who wait, the next one first.
        lanes: Every provider and resource that may serve one of them.
        pools: The resources of each kind.
        now: From when on.
    """
    if not queue:
        return []
    runs = min(MOST_RUNS, max(FEWEST_RUNS, DRAWS // len(queue)))
    engaged = sum(len(lane.engagements) for lane in lanes.values())
    # Who comes later does not change what is told to those before.
    of_queue = [_draws(runs, f"queue {number}") for number in range(len(queue))]
    of_engaged = [_draws(runs, f"engaged {number}") for number in range(engaged)]
    found: list[list[int | None]] = [[] for _ in queue]
    for run in range(runs):
        shares = iter([column[run] for column in of_engaged])
        gaps = {name: _gaps(lane, now, shares) for name, lane in lanes.items()}
        for visit, column, kept in zip(queue, of_queue, found, strict=True):
            start = _served(visit, gaps, pools, now, column[run])
            kept.append(None if start is None else start - now)
    return [_spread(each) for each in found]


@lru_cache(maxsize=1024)
def _draws(runs: int, name: str) -> Sequence[float]:
    """A number in (0, 1) for each run, stratified; by name always the same ones."""
    column = [(rank + 0.5) / runs for rank in range(runs)]
    random.Random(name).shuffle(column)  # noqa: S311 - a simulation, no secret
    return column


def _quantile(ratios: Ratios, share: float) -> float:
    """The value below which this share of the ordered ratios lies."""
    place = share * len(ratios) - 0.5
    lower = math.floor(place)
    if lower < 0:
        return ratios[0]
    if lower + 1 >= len(ratios):
        return ratios[-1]
    return ratios[lower] + (place - lower) * (ratios[lower + 1] - ratios[lower])


def _gaps(lane: Lane, now: int, draws: Iterator[float]) -> list[_Gap]:
    """The free time of a lane from now on, in one run."""
    taken: list[Span] = []
    free_from = EVER[0]
    for each in lane.engagements:
        ends = _end(each, max(each.starts, free_from), now, next(draws))
        taken.append((each.span[0], max(each.span[0], ends)))
        free_from = max(free_from, ends)
    obstacles = merged([(EVER[0], now), *lane.closed, *taken])
    starts = [start for start, _ in obstacles]
    begins = {start for start, _ in taken}
    gaps = []
    for start, end in subtracted(lane.open, obstacles):
        behind = bisect_left(starts, end)
        clear = starts[behind] if behind < len(starts) else EVER[1]
        gaps.append(_Gap(start, end, clear, delays=clear in begins))
    return gaps


def _end(engagement: Engagement, begins: int, now: int, share: float) -> int:
    """When an engagement ends in one run, if it begins then."""
    ratios, planned = engagement.ratios, engagement.duration
    if not ratios:
        return engagement.span[1]
    if engagement.starts > now:
        return begins + round(planned * _quantile(ratios, share))
    # It has lasted this long already: of those that did, what did they take?
    lasted = (now - engagement.starts) / planned
    longer = ratios[bisect_left(ratios, lasted) :]
    if not longer:
        return now + round(planned * OVERDUE)
    return max(now, engagement.starts + round(planned * _quantile(longer, share)))


def _served(
    visit: Visit,
    gaps: Mapping[uuid.UUID, list[_Gap]],
    pools: Mapping[str, Sequence[uuid.UUID]],
    now: int,
    share: float,
) -> int | None:
    """Give a visit its time; when it begins, None if it does not."""
    best: tuple[int, list[uuid.UUID]] | None = None
    for provider in visit.provider_ids:
        found = _first(visit, provider, gaps, pools, now)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    if best is None:
        return None
    start, everyone = best
    end = start + round(visit.duration * _quantile(visit.ratios, share))
    for name in everyone:
        _take(gaps[name], start, end)
    return start


def _first(
    visit: Visit,
    provider: uuid.UUID,
    gaps: Mapping[uuid.UUID, list[_Gap]],
    pools: Mapping[str, Sequence[uuid.UUID]],
    now: int,
) -> tuple[int, list[uuid.UUID]] | None:
    """When a provider, and what is needed beside it, can first serve a visit."""
    earliest = now
    while True:
        start = _fit(gaps[provider], earliest, visit)
        if start is None:
            return None
        everyone, latest = [provider], start
        for kind in visit.kinds:
            free = [
                (at, name)
                for name in pools.get(kind, ())
                if (at := _fit(gaps[name], start, visit)) is not None
            ]
            if not free:
                return None
            at, name = min(free)
            everyone.append(name)
            latest = max(latest, at)
        if latest == start:
            return start, everyone
        earliest = latest


def _fit(gaps: Sequence[_Gap], earliest: int, visit: Visit) -> int | None:
    for gap in gaps:
        start = gap.start if gap.start > earliest else earliest
        end = start + visit.duration
        if end <= gap.end and end + visit.buffer_after <= gap.clear:
            return start
    return None


def _take(gaps: list[_Gap], start: int, end: int) -> None:
    """Take ``[start, end)`` out of a lane; who stays longer delays what is behind."""
    kept: list[_Gap] = []
    late = 0
    for gap in gaps:
        if gap.start < start:
            until = min(gap.end, start)
            kept.append(_Gap(gap.start, until, min(gap.clear, start), delays=False))
        if gap.end <= start:
            continue
        begins = max(gap.start + late, end)
        if begins < gap.end:
            kept.append(_Gap(begins, gap.end, gap.clear, delays=gap.delays))
        late = max(0, begins - gap.clear) if gap.delays else 0
    gaps[:] = kept


def _spread(waited: Sequence[int | None]) -> Wait:
    in_order = sorted(math.inf if each is None else each for each in waited)

    def at(share: float) -> int | None:
        value = in_order[math.ceil(share * len(in_order)) - 1]
        return None if value == math.inf else int(value)

    return Wait(at(0.5), at(0.9))
