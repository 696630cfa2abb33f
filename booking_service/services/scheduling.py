"""The shared scheduling services: the engine, fed from the shop's tables.

What is offered and why something is not both come from here, so that they
agree. The number of statements does not depend on how
many providers or days are asked about.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy.orm import Session

from booking_service.domain import choice
from booking_service.domain.availability import (
    TAKEN,
    Calendar,
    Reason,
    openings,
    reasons_against,
)
from booking_service.domain.choice import Slot
from booking_service.domain.localtime import (
    DAY,
    Span,
    local_date,
    wall_instant,
)
from booking_service.domain.resources import Pool, sets_left
from booking_service.errors import SlotNotOffered, SlotRefused, SlotTaken
from booking_service.repositories import allocations
from booking_service.services import capping
from booking_service.services.terms import Terms

# Windows are searched in parts of this length.
STRIDE = 7 * DAY


@dataclass(frozen=True)
class Candidates:
    """Who is asked to serve.

    Attributes:
        provider_ids: The first one leads if they serve together.
        together: All of them are needed; else any will do.
    """

    provider_ids: Sequence[uuid.UUID]
    together: bool = False


@dataclass(frozen=True)
class Scene:
    """All that is known of a window.

    Attributes:
        expiries: When the holds expire that something of it depends on.
    """

    calendars: Sequence[Calendar]
    pools: Sequence[Pool]
    expiries: Sequence[int]


def scene(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], window: Span
) -> Scene:
    """The calendars of some providers, and of what the service needs beside.

    They are wide enough for starts in ``window``.
    """
    offer, rules, zone = terms.offer, terms.rules, terms.zone
    # An appointment with its buffers may begin before the window and end behind it.
    reach = (
        window[0] - offer.buffer_before,
        window[1] + offer.duration + offer.buffer_after,
    )
    first = local_date(reach[0] - DAY, zone)
    last = local_date(reach[1] + DAY, zone)
    needed = {kind: rules.resources.get(kind, ()) for kind in terms.service.resource_kinds}
    taken = allocations.blocking(
        session,
        [*provider_ids, *chain.from_iterable(needed.values())],
        reach,
        group_service=terms.service.id if offer.capacity > 1 else None,
        now=terms.now,
        except_for=terms.except_for,
    )
    capped = capping.allowances(session, terms, provider_ids, (first, last))
    calendars = [
        rules.calendar(
            provider_id,
            reach,
            taken=taken.get(provider_id, ()),
            allowances=capped.of(provider_id),
        )
        for provider_id in provider_ids
    ]
    pools = [
        Pool(kind, {resource: taken.get(resource, ()) for resource in resources})
        for kind, resources in needed.items()
    ]
    expiries = [
        each.expires_at
        for each in chain.from_iterable(taken.values())
        if each.expires_at is not None
    ]
    return Scene(calendars, pools, [*expiries, *capped.expiries])


@dataclass(frozen=True)
class Offered:
    """What a search found.

    Attributes:
        slots: Chronological, each start once.
        true_before: The instant at which time alone makes another answer of it;
            None if it never does.
    """

    slots: Sequence[Slot]
    true_before: int | None


def offered(
    session: Session,
    terms: Terms,
    candidates: Candidates,
    window: Span,
    *,
    limit: int | None = None,
) -> Offered:
    """The slots that start in ``window``.

    Providers that do not offer the service, or do not work, add none. With a
    limit the search ends when more than that many are found.
    """
    tomorrow = None
    if window[1] > terms.bounds.latest:  # the horizon moves on every day
        today = local_date(terms.bounds.now, terms.zone)
        tomorrow = wall_instant(today + dt.timedelta(days=1), 0, terms.zone)
    window = max(window[0], terms.bounds.earliest), min(window[1], terms.bounds.latest)
    serving = _serving(terms, candidates)
    if terms.barred_until is not None:
        return Offered([], terms.barred_until)
    if window[0] >= window[1] or not serving or not terms.service.active:
        return Offered([], tomorrow)
    found: list[Slot] = []
    known = scene(session, terms, serving, window)
    # The answer for a window is the union of the answers for its parts.
    for first in range(window[0], window[1], STRIDE):
        found += _slots(terms, known, candidates, (first, min(first + STRIDE, window[1])))
        if limit is not None and len(found) > limit:
            break
    # The first start is no longer offered when its notice has begun.
    passing = [slot.start - terms.bounds.notice + 1 for slot in found[:1]]
    changes = [*passing, *known.expiries, *([] if tomorrow is None else [tomorrow])]
    return Offered(found, min(changes, default=None))


def _serving(terms: Terms, candidates: Candidates) -> Sequence[uuid.UUID]:
    """Those candidates whose calendars speak; none if some who are needed do not."""
    serving = [each for each in terms.offering if each in candidates.provider_ids]
    missing = candidates.together and len(serving) < len(set(candidates.provider_ids))
    return () if missing else serving


def _slots(
    terms: Terms, known: Scene, candidates: Candidates, window: Span
) -> Sequence[Slot]:
    found = [
        openings(calendar, terms.offer, terms.bounds, window, known.pools)
        for calendar in known.calendars
    ]

    def room_for(start: int) -> int | None:
        return sets_left(known.pools, terms.offer.blocked(start))

    if candidates.together:
        leader = candidates.provider_ids[0]
        return choice.joint_slots(found, room_for, leader=leader)
    return choice.slots(found, room_for)


@dataclass(frozen=True)
class Standing:
    """What stands against one start.

    Attributes:
        reasons: By provider; nothing: it can be booked.
        pools: The resources that are needed.
    """

    reasons: Mapping[uuid.UUID, Sequence[Reason]]
    pools: Sequence[Pool]


def standing(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], start: int
) -> Standing:
    """What stands against a start at each provider."""
    reasons: dict[uuid.UUID, Sequence[Reason]] = {}
    known = scene(session, terms, provider_ids, (start, start + 1))
    for calendar in known.calendars:
        found = reasons_against(calendar, terms.offer, terms.bounds, start, known.pools)
        if calendar.provider_id not in terms.offering:
            found.append(Reason.NOT_OFFERED)
        if not terms.service.active:
            found.append(Reason.INACTIVE)
        if terms.barred_until is not None:
            found.append(Reason.CLIENT_LIMIT)
        reasons[calendar.provider_id] = sorted(found, key=list(Reason).index)
    return Standing(reasons, known.pools)


def refusal(
    found: Mapping[uuid.UUID, Sequence[Reason]], *, together: bool = False
) -> SlotRefused:
    """The error for a start that cannot be booked.

    Of several providers the one that nearly could speaks: one whose time is only
    taken, else the one with the fewest reasons. Of those who serve together all do.
    """
    reasons = joined(found.values()) if together and found else speaking_for(found)
    return SlotTaken(reasons) if TAKEN.issuperset(reasons) else SlotNotOffered(reasons)


def speaking_for(found: Mapping[uuid.UUID, Sequence[Reason]]) -> Sequence[Reason]:
    """What stands against a start at the provider that can book it, or nearly could."""
    return min(
        found.values(),
        key=lambda each: (not TAKEN.issuperset(each), len(each)),
        default=[Reason.NOT_OFFERED],
    )


def joined(told: Iterable[Sequence[Reason]]) -> Sequence[Reason]:
    """Several sets of reasons as one, in the order of the contract."""
    everything = set(chain.from_iterable(told))
    return [reason for reason in Reason if reason in everything]
