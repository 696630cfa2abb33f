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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from booking_service.domain.timeline import Gap, Lane, Ratios, gaps, quantile, take

# So many lanes are looked at for visits, over all runs, within the bounds below: about
# a tenth of a second's work.
BUDGET = 100_000
FEWEST_RUNS, MOST_RUNS = 20, 200
# Who is served for so many times the planned duration was forgotten to be finished, and
# who was for so little of it was not served.
FORGOTTEN, MISTAKEN = 3.0, 0.05

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
class Wait:
    """How long one will wait, in seconds; None: longer than can be foreseen.

    Attributes:
        p50: As likely longer as shorter.
        p90: Longer for one in ten.
    """

    p50: int | None
    p90: int | None


def waits(
    queue: Sequence[Visit],
    lanes: Mapping[uuid.UUID, Lane],
    pools: Mapping[str, Sequence[uuid.UUID]],
    *,
    now: int,
    longest: int,
) -> list[Wait]:
    """How long each of a queue will wait.

    Args:
        queue: Those who wait, the next one first.
        lanes: Every provider and resource that may serve one of them.
        pools: The resources of each kind.
        now: From when on.
        longest: What cannot begin within so many seconds is not foreseen.
    """
    if not queue:
        return []
    looked_at = sum(
        len(visit.provider_ids)
        * (1 + sum(len(pools.get(kind, ())) for kind in visit.kinds))
        for visit in queue
    )
    runs = min(MOST_RUNS, max(FEWEST_RUNS, BUDGET // max(1, looked_at)))
    engaged = sum(len(lane.engagements) for lane in lanes.values())
    # Who comes later does not change what is told to those before.
    of_queue = [_draws(runs, f"queue {number}") for number in range(len(queue))]
    of_engaged = [_draws(runs, f"engaged {number}") for number in range(engaged)]
    found: list[list[int | None]] = [[] for _ in queue]
    for run in range(runs):
        shares = iter([column[run] for column in of_engaged])
        free = {name: gaps(lane, now, shares) for name, lane in lanes.items()}
        for visit, column, kept in zip(queue, of_queue, found, strict=True):
            start = _served(visit, free, pools, now, column[run])
            foreseen = start is not None and start - now <= longest
            kept.append(start - now if start is not None and foreseen else None)
    return [_spread(each) for each in found]


@lru_cache(maxsize=1024)
def _draws(runs: int, name: str) -> Sequence[float]:
    """A number in (0, 1) for each run, stratified; by name always the same ones."""
    column = [(rank + 0.5) / runs for rank in range(runs)]
    random.Random(name).shuffle(column)  # noqa: S311 - a simulation, no secret
    return column


def _served(
    visit: Visit,
    free: Mapping[uuid.UUID, list[Gap]],
    pools: Mapping[str, Sequence[uuid.UUID]],
    now: int,
    share: float,
) -> int | None:
    """Give a visit its time; when it begins, None if it does not."""
    best: tuple[int, list[uuid.UUID]] | None = None
    for provider in visit.provider_ids:
        found = _first(visit, provider, free, pools, now, None if best is None else best[0])
        if found is not None:
            best = found
            if found[0] == now:
                break
    if best is None:
        return None
    start, everyone = best
    end = start + round(visit.duration * quantile(visit.ratios, share))
    for name in everyone:
        take(free[name], start, end)
    return start


def _first(
    visit: Visit,
    provider: uuid.UUID,
    free: Mapping[uuid.UUID, list[Gap]],
    pools: Mapping[str, Sequence[uuid.UUID]],
    now: int,
    before: int | None,
) -> tuple[int, list[uuid.UUID]] | None:
    """When a provider, and what is needed beside it, can first serve a visit.

    Args:
        visit: Which.
        provider: Who.
        free: The gaps of all.
        pools: The resources of each kind.
        now: From when on.
        before: What is not sooner is of no interest; None: all is.
    """
    earliest = now
    while True:
        start = _fit(free[provider], earliest, visit)
        if start is None or (before is not None and start >= before):
            return None
        everyone, latest = [provider], start
        for kind in visit.kinds:
            found = _first_of_kind(visit, pools.get(kind, ()), free, start)
            if found is None:
                return None
            latest = max(latest, found[0])
            everyone.append(found[1])
        if latest == start:
            return start, everyone
        earliest = latest


def _first_of_kind(
    visit: Visit,
    resources: Sequence[uuid.UUID],
    free: Mapping[uuid.UUID, list[Gap]],
    earliest: int,
) -> tuple[int, uuid.UUID] | None:
    """The resource that is free first; one that is free at once will do."""
    best: tuple[int, uuid.UUID] | None = None
    for name in resources:
        at = _fit(free[name], earliest, visit)
        if at is not None and (best is None or at < best[0]):
            best = at, name
            if at == earliest:
                break
    return best


def _fit(free: Sequence[Gap], earliest: int, visit: Visit) -> int | None:
    for gap in free:
        start = gap.start if gap.start > earliest else earliest
        end = start + visit.duration
        if end <= gap.end and end + visit.buffer_after <= gap.clear:
            return start
    return None


def _spread(waited: Sequence[int | None]) -> Wait:
    in_order = sorted(math.inf if each is None else each for each in waited)

    def at(share: float) -> int | None:
        value = in_order[math.ceil(share * len(in_order)) - 1]
        return None if value == math.inf else int(value)

    return Wait(at(0.5), at(0.9))
