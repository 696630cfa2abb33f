"""What is free."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.localtime import ceiling, instant, moment
from booking_service.errors import SlotRefused
from booking_service.models import Booking
from booking_service.repositories import providers
from booking_service.services import scheduling
from booking_service.services.identities import own_provider


@dataclass(frozen=True)
class FreeSlot:
    """A start that can be booked, and by whom it could be served."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    provider_ids: tuple[uuid.UUID, ...]
    seats_left: int


@dataclass(frozen=True)
class Answer:
    """The slots of a window; ``next_from`` is where it was cut, if it was."""

    timezone: str
    slots: Sequence[FreeSlot]
    next_from: dt.datetime | None


def free_slots(
    session: Session,
    *,
    service_id: uuid.UUID,
    provider_ids: Sequence[uuid.UUID],
    starts_from: dt.datetime,
    starts_before: dt.datetime,
    limit: int,
    now: dt.datetime,
) -> Answer:
    """The starts in ``[starts_from, starts_before)`` at which one can book.

    Args:
        session: A transaction pinned to the shop.
        service_id: What is wanted.
        provider_ids: From whom; none means anyone.
        starts_from: Inclusive.
        starts_before: Exclusive.
        limit: How many slots to answer at most.
        now: The request's instant.

    Raises:
        NotFound: The service or one of the providers is unknown.
    """
    terms = scheduling.terms_of(session, service_id, now=now)
    if provider_ids:
        providers.require_known(session, set(provider_ids))
    # A start with a fraction of a second lies behind the whole second.
    window = ceiling(starts_from), ceiling(starts_before)
    found = scheduling.offered(
        session, terms, provider_ids or terms.offering, window, limit=limit
    )
    slots = [
        FreeSlot(
            moment(slot.start),
            moment(slot.start + terms.offer.duration),
            slot.provider_ids,
            slot.seats_left,
        )
        for slot in found[:limit]
    ]
    rest = moment(found[limit].start) if len(found) > limit else None
    return Answer(terms.settings.timezone, slots, rest)


def offer_alternatives(
    session: Session,
    refused: SlotRefused,
    *,
    service_id: uuid.UUID,
    provider_id: uuid.UUID | None,
    starts_at: dt.datetime,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Tell a refusal of a new booking what could be had instead."""
    terms = scheduling.terms_of(session, service_id, now=now)
    if actor.is_provider:
        provider_id = own_provider(session, actor).id
    refused.alternatives = scheduling.alternatives(
        session,
        terms,
        instant(starts_at),
        preferred=provider_id,
        only_preferred=actor.is_provider,
    )


def offer_alternatives_to_move(
    session: Session,
    refused: SlotRefused,
    *,
    booking: Booking,
    provider_id: uuid.UUID,
    starts_at: dt.datetime,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Tell a refusal of a move what could be had instead."""
    terms = scheduling.terms_of_move(session, booking, now=now)
    refused.alternatives = scheduling.alternatives(
        session,
        terms,
        instant(starts_at),
        preferred=provider_id,
        only_preferred=actor.is_provider,
        present=(instant(booking.starts_at), booking.provider_id),
    )
