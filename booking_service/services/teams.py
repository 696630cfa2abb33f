"""Who serves: the candidates who are free, tried until one team is not lost to a race."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain import choice
from booking_service.domain.availability import Reason
from booking_service.domain.localtime import day_span, instant
from booking_service.domain.resources import Pool, Team, assembled
from booking_service.errors import SlotNotOffered, SlotTaken
from booking_service.repositories import bookings, locks
from booking_service.services import scheduling
from booking_service.services.scheduling import Candidates, Terms

# Takes a team's time, and says who and what of it was taken already; if anything
# was, nothing is changed.
Attempt = Callable[[Team], Collection[uuid.UUID]]


@dataclass(frozen=True)
class Field:
    """Those from whom a team can be made for one start.

    Attributes:
        crews: Providers who would serve together, the fairest choice first.
        pools: What is needed beside them.
    """

    crews: Sequence[Sequence[uuid.UUID]]
    pools: Sequence[Pool]


def field(
    session: Session, terms: Terms, candidates: Candidates, starts_at: dt.datetime
) -> Field:
    """Those candidates that can be booked at a start.

    Raises:
        SlotTaken: None can, and somebody has the time of one.
        SlotNotOffered: None can, and the rules are why.
    """
    if starts_at.microsecond:
        raise SlotNotOffered([Reason.OFF_GRID])  # grids have whole seconds
    start = instant(starts_at)
    day = terms.local_day(start)
    if terms.service.max_per_day is not None:
        locks.count_days(session, ((each, day) for each in candidates.provider_ids))
    found = scheduling.standing(session, terms, candidates.provider_ids, start)
    free = [provider_id for provider_id, reasons in found.reasons.items() if not reasons]
    if not free or (candidates.together and len(free) < len(found.reasons)):
        raise scheduling.refusal(found.reasons, together=candidates.together)
    if candidates.together:
        return Field([candidates.provider_ids], found.pools)
    if len(free) > 1:
        workloads = bookings.workloads(
            session, free, day=day_span(day, terms.zone), before=starts_at
        )
        free = choice.fairest_first(free, workloads)
    return Field([[each] for each in free], found.pools)


def settle(
    terms: Terms,
    found: Field,
    starts_at: dt.datetime,
    attempt: Attempt,
    *,
    preferred: Collection[uuid.UUID] = (),
) -> None:
    """Try one team after the other until an attempt succeeds.

    Args:
        terms: Those under which the field was found.
        found: The field.
        starts_at: When they would begin.
        attempt: Takes a team's time.
        preferred: Resources to take rather than others, if they are free.

    Raises:
        SlotTaken: All were lost to others meanwhile.
    """
    start = instant(starts_at)
    free = [
        sorted(
            pool.free(terms.offer.blocked(start)), key=lambda each: each not in preferred
        )
        for pool in found.pools
    ]
    lost: set[uuid.UUID] = set()
    for crew in found.crews:
        own = [pool.of_group(crew[0], start) for pool in found.pools]
        choices = [
            [of_group] if of_group else resources
            for of_group, resources in zip(own, free, strict=True)
        ]
        while (team := assembled(crew, choices, lost)) is not None:
            missed = attempt(team)
            if not missed:
                return
            lost.update(missed)
    raise SlotTaken
