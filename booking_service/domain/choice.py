"""Which of several: providers for "any", and ways out of a refusal."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from booking_service.domain.availability import Opening

MOST_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Workload:
    """What a provider has to do.

    Attributes:
        booked_minutes: On the local day in question.
        idle_since: The end of the last appointment before the start in
            question; None if there was none.
    """

    booked_minutes: int = 0
    idle_since: dt.datetime | None = None


def fairest_first(
    providers: Iterable[uuid.UUID], workloads: Mapping[uuid.UUID, Workload]
) -> list[uuid.UUID]:
    """Order free providers: fewest booked minutes, longest idle, lowest id."""

    def burden(provider: uuid.UUID) -> tuple[int, float, uuid.UUID]:
        load = workloads.get(provider, Workload())
        idle = load.idle_since.timestamp() if load.idle_since else float("-inf")
        return load.booked_minutes, idle, provider

    return sorted(providers, key=burden)


@dataclass(frozen=True, slots=True)
class Slot:
    """A start and everyone who could serve it."""

    start: int
    provider_ids: tuple[uuid.UUID, ...]
    seats_left: int


def slots(per_provider: Iterable[Sequence[Opening]]) -> list[Slot]:
    """Join the providers' openings: chronological, each start once."""
    at: dict[int, list[Opening]] = {}
    for openings in per_provider:
        for opening in openings:
            at.setdefault(opening.start, []).append(opening)
    return [
        Slot(
            start,
            tuple(sorted(opening.provider_id for opening in found)),
            sum(opening.seats_left for opening in found),
        )
        for start, found in sorted(at.items())
    ]


def nearest(offered: Iterable[Slot], start: int) -> list[Slot]:
    """Up to five slots that lie nearest to ``start``, in order of time."""
    closest = sorted(offered, key=lambda slot: (abs(slot.start - start), slot.start))
    return sorted(closest[:MOST_ALTERNATIVES], key=lambda slot: slot.start)


def without(offered: Iterable[Slot], start: int, provider: uuid.UUID) -> list[Slot]:
    """The slots without one start at one provider."""
    result: list[Slot] = []
    for slot in offered:
        if slot.start != start or provider not in slot.provider_ids:
            result.append(slot)
        elif len(slot.provider_ids) > 1:
            others = tuple(each for each in slot.provider_ids if each != provider)
            result.append(replace(slot, provider_ids=others))
    return result
