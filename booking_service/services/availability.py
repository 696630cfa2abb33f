"""What is free."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.localtime import ceiling, moment
from booking_service.models import RULES
from booking_service.repositories import counters
from booking_service.services import scheduling
from booking_service.services.rulebook import require_providers
from booking_service.services.scheduling import Candidates


@dataclass(frozen=True)
class FreeSlot:
    """A start that can be booked, and by whom it could be served."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    provider_ids: tuple[uuid.UUID, ...]
    seats_left: int


@dataclass(frozen=True)
class Answer:
    """The slots of a window.

    Attributes:
        next_from: Where it was cut, if it was.
        true_before: The instant, in seconds since 1970, at which time alone makes
            another answer of it; None if it never does.
    """

    timezone: str
    slots: Sequence[FreeSlot]
    next_from: dt.datetime | None
    true_before: int | None


@dataclass(frozen=True)
class State:
    """Counters that are the same only while :func:`free_slots` answers the same.

    But for time: see ``Answer.true_before``.

    Attributes:
        rules: Of the shop's rules.
        resources: Of who may serve and what is needed, in the order of their ids.
    """

    rules: int
    resources: Sequence[tuple[uuid.UUID, int]]


def state(
    session: Session, *, service_id: uuid.UUID, provider_ids: Sequence[uuid.UUID]
) -> State:
    """The counters that speak for an answer.

    To be read before the answer, so that a change between the two makes the
    answer's tag old and not the answer.
    """
    found = counters.values_for(session, service_id=service_id, provider_ids=provider_ids)
    return State(found.pop(RULES, 0), sorted(found.items()))


def free_slots(
    session: Session,
    *,
    service_id: uuid.UUID,
    candidates: Candidates | None,
    starts_from: dt.datetime,
    starts_before: dt.datetime,
    limit: int,
    counter: int,
    now: dt.datetime,
) -> Answer:
    """The starts in ``[starts_from, starts_before)`` at which one can book.

    Args:
        session: A transaction pinned to the shop.
        service_id: What is wanted.
        candidates: From whom; None means anyone.
        starts_from: Inclusive.
        starts_before: Exclusive.
        limit: How many slots to answer at most.
        counter: What the counter of rules showed, in this transaction.
        now: The request's instant.

    Raises:
        NotFound: The service or one of the providers is unknown.
    """
    terms = scheduling.terms_of(session, service_id, counter=counter, now=now)
    if candidates is not None:
        require_providers(terms.rules, *candidates.provider_ids)
    # A start with a fraction of a second lies behind the whole second.
    window = ceiling(starts_from), ceiling(starts_before)
    found = scheduling.offered(
        session, terms, candidates or Candidates(terms.offering), window, limit=limit
    )
    slots = [
        FreeSlot(
            moment(slot.start),
            moment(slot.start + terms.offer.duration),
            slot.provider_ids,
            slot.seats_left,
        )
        for slot in found.slots[:limit]
    ]
    rest = moment(found.slots[limit].start) if len(found.slots) > limit else None
    return Answer(terms.rules.policy.timezone, slots, rest, found.true_before)
