"""Ways out of a refusal, found by the engine that refused."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from booking_service.domain import choice
from booking_service.domain.actors import Actor
from booking_service.domain.choice import MOST_ALTERNATIVES, Slot
from booking_service.domain.localtime import DAY, instant, moment
from booking_service.errors import Alternative, SlotRefused
from booking_service.models import Booking
from booking_service.repositories import counters
from booking_service.services import scheduling
from booking_service.services.identities import own_provider
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms, limited, terms_of, terms_of_move

# They are looked for this far before and after.
NEAR = 3 * DAY
FAR = 62 * DAY


def offer_alternatives(
    session: Session,
    refused: SlotRefused,
    *,
    service_id: uuid.UUID,
    candidates: Candidates | None,
    starts_at: dt.datetime,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Tell a refusal of a new appointment what could be had instead.

    Args:
        session: A transaction of its own, begun after the refusal.
        refused: Gets the alternatives.
        service_id: What was wanted.
        candidates: From whom; None means anyone.
        starts_at: When.
        actor: Who asked.
        now: The request's instant.
    """
    counter = counters.of_rules(session)
    terms = limited(session, terms_of(session, service_id, counter=counter, now=now), actor)
    if actor.is_provider:
        candidates = Candidates([own_provider(session, actor).id])
    refused.alternatives = _near(
        session, terms, instant(starts_at), _rounds(terms, candidates, actor)
    )


def offer_alternatives_to_move(
    session: Session,
    refused: SlotRefused,
    *,
    booking: Booking,
    candidates: Candidates,
    starts_at: dt.datetime,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Tell a refusal of a move what could be had instead."""
    counter = counters.of_rules(session)
    terms = terms_of_move(session, booking, counter=counter, now=now)
    refused.alternatives = _near(
        session,
        terms,
        instant(starts_at),
        _rounds(terms, candidates, actor),
        present=(instant(booking.starts_at), booking.provider_ids),
    )


def _rounds(
    terms: Terms, candidates: Candidates | None, actor: Actor
) -> Sequence[Candidates]:
    """Whom to ask, one after the other, until there are alternatives enough."""
    if candidates is None:
        return [Candidates(terms.offering)]
    if candidates.together or actor.is_provider:
        return [candidates]
    named = candidates.provider_ids
    return [candidates, Candidates([each for each in terms.offering if each not in named])]


def _near(
    session: Session,
    terms: Terms,
    start: int,
    rounds: Sequence[Candidates],
    *,
    present: tuple[int, Sequence[uuid.UUID]] | None = None,
) -> list[Alternative]:
    """Up to five starts near one that was refused, those of the first round first.

    Args:
        session: A transaction of its own, begun after the refusal.
        terms: Those under which the start was refused.
        start: Seconds since 1970.
        rounds: Whom to ask.
        present: Where a booking that is to move is now: no alternative.
    """
    start = min(max(start, terms.bounds.earliest), terms.bounds.latest)
    result: list[Slot] = []
    for candidates in rounds:
        before = scheduling.offered(session, terms, candidates, (start - NEAR, start))
        after = scheduling.offered(
            session, terms, candidates, (start, start + FAR), limit=MOST_ALTERNATIVES
        )
        named = {slot.start for slot in result}
        found = [slot for slot in (*before.slots, *after.slots) if slot.start not in named]
        if present is not None:
            found = choice.without(found, *present)
        result += choice.nearest(found, start, MOST_ALTERNATIVES - len(result))
        if len(result) == MOST_ALTERNATIVES:
            break
    return [_alternative(terms, slot) for slot in result]


def _alternative(terms: Terms, slot: Slot) -> Alternative:
    begins, ends = terms.offer.appointment(slot.start)
    return Alternative(moment(begins), moment(ends), slot.provider_ids)
