"""What is free."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import Reason
from booking_service.domain.choice import Slot
from booking_service.domain.localtime import DAY, ceiling, dates_between, instant, moment
from booking_service.models import RULES
from booking_service.repositories import counters, holds
from booking_service.services import scheduling
from booking_service.services.rulebook import require_providers
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms, limited, terms_of

# The first window in which the next free starts are looked for, in seconds.
FIRST_SEARCH = 7 * DAY
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
class Wish:
    """What one would like to book.

    Attributes:
        service_id: What is wanted.
        candidates: From whom; None means anyone.
        hold_id: A hold; if it is the asker's own, its time is free.
    """

    service_id: uuid.UUID
    candidates: Candidates | None = None
    hold_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Question:
    """When one could book.

    Attributes:
        starts_from: Starts are not before it.
        starts_before: Starts are before it.
        limit: How many slots to answer at most.
    """

    wish: Wish
    starts_from: dt.datetime
    starts_before: dt.datetime
    limit: int = 1000


@dataclass(frozen=True)
class Explanation:
    """Whether a start can be booked, and why not.

    Attributes:
        reasons: What stands against it; of several providers that of the one who
            nearly could.
        of_providers: What stands against it at each.
    """

    starts_at: dt.datetime
    ends_at: dt.datetime
    reasons: Sequence[Reason]
    of_providers: Mapping[uuid.UUID, Sequence[Reason]]


def state(session: Session, question: Question, *, actor: Actor) -> State:
    """The counters that speak for an answer.

    To be read before the answer, so that a change between the two makes the
    answer's tag old and not the answer.
    """
    wanted = question.wish.candidates
    first, last = question.starts_from.date(), question.starts_before.date()
    found = counters.values_for(
        session,
        service_id=question.wish.service_id,
        provider_ids=wanted.provider_ids if wanted else (),
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
    terms, candidates = _asked(
        session, question.wish, actor=actor, counter=counter, now=now
    )
    # A start with a fraction of a second lies behind the whole second.
    window = ceiling(question.starts_from), ceiling(question.starts_before)
    limit = question.limit
    found = scheduling.offered(session, terms, candidates, window, limit=limit)
    slots = [_free(terms, slot) for slot in found.slots[:limit]]
    rest = moment(found.slots[limit].start) if len(found.slots) > limit else None
    return Answer(terms.rules.policy.timezone, slots, rest, found.true_before)


def next_slots(
    session: Session,
    wish: Wish,
    *,
    starts_from: dt.datetime,
    limit: int,
    actor: Actor,
    now: dt.datetime,
) -> Answer:
    """The first free starts from an instant on, however far they are.

    Windows that grow are searched one after the other, so that a near start is found
    soon and a far one with few statements.

    Raises:
        NotFound: The service or one of the providers is unknown.
    """
    counter = counters.of_rules(session)
    terms, candidates = _asked(session, wish, actor=actor, counter=counter, now=now)
    first, length = max(ceiling(starts_from), terms.bounds.earliest), FIRST_SEARCH
    found: list[Slot] = []
    while first < terms.bounds.latest and len(found) < limit:
        window = first, first + length
        found += scheduling.offered(session, terms, candidates, window, limit=limit).slots
        first, length = window[1], 2 * length
    slots = [_free(terms, slot) for slot in found[:limit]]
    return Answer(terms.rules.policy.timezone, slots, None, None)


def explain(
    session: Session,
    wish: Wish,
    *,
    starts_at: dt.datetime,
    actor: Actor,
    now: dt.datetime,
) -> Explanation:
    """Whether a start can be booked, and everything that stands against it.

    Raises:
        NotFound: The service or one of the providers is unknown.
    """
    counter = counters.of_rules(session)
    terms, candidates = _asked(session, wish, actor=actor, counter=counter, now=now)
    start = instant(starts_at)
    told = scheduling.standing(session, terms, candidates.provider_ids, start).reasons
    if starts_at.microsecond:  # grids have whole seconds
        told = {each: _with(Reason.OFF_GRID, reasons) for each, reasons in told.items()}
    if candidates.together:
        reasons = scheduling.joined(told.values())
    else:
        reasons = scheduling.speaking_for(told)
    end = starts_at + dt.timedelta(seconds=terms.offer.duration)
    return Explanation(starts_at, end, reasons, told)


def _with(reason: Reason, reasons: Sequence[Reason]) -> Sequence[Reason]:
    return scheduling.joined([[reason], reasons])


def _asked(
    session: Session, wish: Wish, *, actor: Actor, counter: int, now: dt.datetime
) -> tuple[Terms, Candidates]:
    """The terms of a wish, for the one who asks, and whom to ask."""
    terms = terms_of(session, wish.service_id, counter=counter, now=now)
    candidates = wish.candidates or Candidates(terms.offering)
    require_providers(terms.rules, *candidates.provider_ids)
    terms = limited(session, terms, actor)
    hold_id = wish.hold_id
    if hold_id is not None and holds.is_of(session, hold_id, actor.role, actor.subject):
        terms = replace(terms, except_for=hold_id)
    return terms, candidates


def _free(terms: Terms, slot: Slot) -> FreeSlot:
    begins, ends = terms.offer.appointment(slot.start)
    return FreeSlot(moment(begins), moment(ends), slot.provider_ids, slot.seats_left)
