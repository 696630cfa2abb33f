"""Which of several: providers for "any", and ways out of a refusal."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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


def slots(
    per_provider: Iterable[Sequence[Opening]],
    room_for: Callable[[int], int | None],
) -> list[Slot]:
    """Join the openings of providers of whom any may serve.

    Args:
        per_provider: The openings of each.
        room_for: For how many appointments at a start there are resources, beside
            those that group starts have already; None: none are needed.

    Returns:
        Chronological, each start once.
    """
    result: list[Slot] = []
    for start, found in _by_start(per_provider):
        rooms = room_for(start)
        able = [each for each in found if each.has_room or rooms != 0]
        if able:
            providers = tuple(sorted(each.provider_id for each in able))
            result.append(Slot(start, providers, _seats(able, rooms)))
    return result


def joint_slots(
    per_provider: Collection[Sequence[Opening]],
    room_for: Callable[[int], int | None],
    *,
    leader: uuid.UUID,
) -> list[Slot]:
    """Join the openings of providers who serve together, at the starts of all.

    Args:
        per_provider: The openings of each.
        room_for: As for :func:`slots`.
        leader: Whose group start may have its resources already.
    """
    result: list[Slot] = []
    for start, found in _by_start(per_provider):
        has_room = any(each.has_room for each in found if each.provider_id == leader)
        if len(found) == len(per_provider) and (has_room or room_for(start) != 0):
            everyone = tuple(sorted(each.provider_id for each in found))
            result.append(Slot(start, everyone, min(each.seats_left for each in found)))
    return result


def _by_start(
    per_provider: Iterable[Sequence[Opening]],
) -> Iterable[tuple[int, list[Opening]]]:
    at: dict[int, list[Opening]] = {}
    for openings in per_provider:
        for opening in openings:
            at.setdefault(opening.start, []).append(opening)
    return sorted(at.items())


def _seats(found: Sequence[Opening], rooms: int | None) -> int:
    """The seats at one start, when only so many providers can have resources."""
    if rooms is None:
        return sum(opening.seats_left for opening in found)
    settled = sum(opening.seats_left for opening in found if opening.has_room)
    others = sorted(
        (opening.seats_left for opening in found if not opening.has_room), reverse=True
    )
    return settled + sum(others[:rooms])


def nearest(offered: Iterable[Slot], start: int, most: int) -> list[Slot]:
    """Those slots that lie nearest to ``start``, in order of time."""
    closest = sorted(offered, key=lambda slot: (abs(slot.start - start), slot.start))
    return sorted(closest[:most], key=lambda slot: slot.start)


def without(
    offered: Iterable[Slot], start: int, providers: Collection[uuid.UUID]
) -> list[Slot]:
    """The slots without one start at some providers."""
    result: list[Slot] = []
    for slot in offered:
        others = tuple(each for each in slot.provider_ids if each not in providers)
        if slot.start != start or others == slot.provider_ids:
            result.append(slot)
        elif others:
            result.append(replace(slot, provider_ids=others))
    return result
