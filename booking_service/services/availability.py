"""What is free."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.localtime import ceiling, dates_between, moment
from booking_service.models import RULES
from booking_service.repositories import counters, holds
from booking_service.services import scheduling
from booking_service.services.rulebook import require_providers
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import limited, terms_of

A_DAY = dt.timedelta(days=1)


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


@dataclass(frozen=True)
class Question:
    """When one could book.

    Attributes:
        service_id: What is wanted.
        starts_from: Starts are not before it.
        starts_before: Starts are before it.
        candidates: From whom; None means anyone.
        hold_id: A hold; if it is the asker's own, its time is free.
        limit: How many slots to answer at most.
    """

    service_id: uuid.UUID
    starts_from: dt.datetime
    starts_before: dt.datetime
    candidates: Candidates | None = None
    hold_id: uuid.UUID | None = None
    limit: int = 1000


def state(session: Session, question: Question, *, actor: Actor) -> State:
    """The counters that speak for an answer.

    To be read before the answer, so that a change between the two makes the
    answer's tag old and not the answer.
    """
    first, last = question.starts_from.date(), question.starts_before.date()
    found = counters.values_for(
        session,
        service_id=question.service_id,
        provider_ids=question.candidates.provider_ids if question.candidates else (),
        # Local days, whatever the shop's zone is.
        days=list(dates_between(first - A_DAY, last + A_DAY)),
        subject=actor.subject if actor.is_client else None,
    )
    return State(found.pop(RULES, 0), sorted(found.items()))


def free_slots(
    session: Session, question: Question, *, actor: Actor, counter: int, now: dt.datetime
) -> Answer:
    """The starts in the question's window at which one can book.

    Args:
        session: A transaction pinned to the shop.
        question: What is asked.
        actor: Who asks.
        counter: What the counter of rules showed, in this transaction.
        now: The request's instant.

    Raises:
        NotFound: The service or one of the providers is unknown.
    """
    terms = terms_of(session, question.service_id, counter=counter, now=now)
    candidates = question.candidates or Candidates(terms.offering)
    require_providers(terms.rules, *candidates.provider_ids)
    terms = limited(session, terms, actor)
    hold_id = question.hold_id
    if hold_id is not None and holds.is_of(session, hold_id, actor.role, actor.subject):
        terms = replace(terms, except_for=hold_id)
    # A start with a fraction of a second lies behind the whole second.
    window = ceiling(question.starts_from), ceiling(question.starts_before)
    limit = question.limit
    found = scheduling.offered(session, terms, candidates, window, limit=limit)
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
