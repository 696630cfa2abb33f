"""Making, reading, changing and cancelling bookings."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import Reason
from booking_service.domain.ids import new_id
from booking_service.domain.localtime import instant
from booking_service.domain.resources import Team
from booking_service.domain.status import Status
from booking_service.errors import HoldNotUsable, InvalidInput, RoleMayNot
from booking_service.events import outbox
from booking_service.events.types import BookingCreated
from booking_service.models import Booking, Client, Hold
from booking_service.repositories import bookings, clients, holds, locks
from booking_service.repositories.bookings import Filters
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services import capping, history, placing, teams
from booking_service.services.clients import amend, new_client
from booking_service.services.identities import (
    own_client,
    served_by,
    visibility,
)
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms, limited, terms_of, terms_of_hold


@dataclass(frozen=True)
class NewBooking:
    """What is asked for.

    Attributes:
        candidates: Who is to serve; None means anyone.
        client_id: A record of the shop, for staff.
        client: Members of a new client's record, or of a client's own.
        hold_id: A hold of the actor's own, whose time it is to have.
        waived: Rules that shall not count, for managers.
    """

    service_id: uuid.UUID
    starts_at: dt.datetime
    candidates: Candidates | None = None
    client_id: uuid.UUID | None = None
    client: Mapping[str, object] | None = None
    notes: str | None = None
    hold_id: uuid.UUID | None = None
    waived: frozenset[Reason] = frozenset()


def get_booking(session: Session, *, booking_id: uuid.UUID, actor: Actor) -> Booking:
    """One booking.

    Raises:
        NotFound: There is none that the actor may see.
    """
    visible = visibility(session, actor)
    return bookings.require(session, booking_id, visible_to=visible)


def list_bookings(
    session: Session, *, page: PageRequest, filters: Filters, actor: Actor
) -> Page[Booking]:
    """The bookings that the actor may see, by start."""
    return bookings.page_of(session, page, filters, visible_to=visibility(session, actor))


def create_booking(
    session: Session, *, wanted: NewBooking, actor: Actor, now: dt.datetime
) -> Booking:
    """Make a booking and announce it.

    Raises:
        NotFound: The service, the provider or the client is unknown.
        InvalidInput: It is not said whose booking it is.
        RoleMayNot: A provider books into another's calendar.
        HoldNotUsable: The hold is another's, has expired or is for something else.
        SlotTaken: Somebody else has the time.
        SlotNotOffered: The shop's rules do not offer it.
    """
    require_manager_to_waive(actor, wanted.waived)
    counter = locks.share_schedule(session)
    hold, waived = None, wanted.waived
    if wanted.hold_id is not None:
        hold = _cited(session, wanted, actor, now)
        terms = terms_of_hold(session, hold, counter=counter, now=now)
        waived |= {Reason.OFF_GRID}  # it was on the grid of its making
        candidates = Candidates(hold.provider_ids, together=len(hold.provider_ids) > 1)
    else:
        terms = terms_of(session, wanted.service_id, counter=counter, now=now)
        candidates = teams.candidates_of(session, terms, wanted.candidates, actor)
    client = _client(session, wanted, actor, now)
    day = terms.local_day(instant(wanted.starts_at))
    own = client.id if actor.is_client else None
    capping.lock(session, terms, candidates.provider_ids, day, client_id=own)
    terms = limited(session, terms, actor)
    booking = _draft(terms, wanted, actor, client, now)

    def attempt(team: Team) -> Collection[uuid.UUID]:
        set_team(booking, team.provider_ids, team.resource_ids)
        return placing.place(session, booking, terms.offer, now=now).missed

    free = teams.field(session, terms, candidates, wanted.starts_at, waived=waived)
    if hold is None:
        teams.settle(terms, free, wanted.starts_at, attempt)
    else:
        set_team(booking, hold.provider_ids, hold.resource_ids)
        placing.honour(session, hold, booking)
    event = BookingCreated.of(booking, by=actor)
    outbox.append(session, booking, event, at=now)
    history.record(session, booking, before=history.NOTHING, actor=actor, now=now)
    expire_if_pending(session, booking)
    return booking


def _cited(session: Session, wanted: NewBooking, actor: Actor, now: dt.datetime) -> Hold:
    """The hold that a booking cites, locked.

    Raises:
        HoldNotUsable: It is another's, has expired or is for something else.
    """
    assert wanted.hold_id is not None  # asked for only then
    hold = holds.find_for_update(session, wanted.hold_id)
    named = wanted.candidates.provider_ids if wanted.candidates else None
    if (
        hold is None
        or hold.expires_at <= now
        or (hold.role, hold.subject) != (actor.role, actor.subject)
        or (hold.service_id, hold.starts_at) != (wanted.service_id, wanted.starts_at)
        or (named is not None and set(named) != set(hold.provider_ids))
    ):
        raise HoldNotUsable
    return hold


def require_manager_to_waive(actor: Actor, waived: Collection[Reason]) -> None:
    """Let nobody but managers book past rules of the shop.

    Raises:
        RoleMayNot: Another tries to.
    """
    if waived and not actor.is_manager:
        raise RoleMayNot("Only a manager books past rules of the shop.")


def set_team(
    booking: Booking, provider_ids: Sequence[uuid.UUID], resource_ids: Sequence[uuid.UUID]
) -> None:
    """Write down who and what serves."""
    booking.provider_id = provider_ids[0]
    booking.further_provider_ids = list(provider_ids[1:])
    booking.resource_ids = list(resource_ids)


def expire_if_pending(session: Session, booking: Booking) -> None:
    """Have a booking that still waits at its start cancelled then."""
    if booking.status == Status.PENDING:
        outbox.set_timer(session, booking, kind=outbox.EXPIRY, due_at=booking.starts_at)


def _client(session: Session, wanted: NewBooking, actor: Actor, now: dt.datetime) -> Client:
    if actor.is_client:
        return _own_record(session, wanted, actor, now)
    if (wanted.client_id is None) == (wanted.client is None):
        raise InvalidInput.at("/client_id", "give either client_id or client")
    if wanted.client_id is not None:
        # A provider books for those it knows; others are not its business.
        known_to = served_by(session, actor)
        return clients.require(session, wanted.client_id, served_by=known_to)
    assert wanted.client is not None  # one of the two is given
    return new_client(session, members=wanted.client, now=now)


def _own_record(
    session: Session, wanted: NewBooking, actor: Actor, now: dt.datetime
) -> Client:
    own = own_client(session, actor, now)
    if wanted.client_id not in (None, own.id):
        raise RoleMayNot("A client books for itself only.")
    return amend(session, own.id, wanted.client, now=now) if wanted.client else own


def _draft(
    terms: Terms,
    wanted: NewBooking,
    actor: Actor,
    client: Client,
    now: dt.datetime,
) -> Booking:
    """A booking that is complete but for those who serve."""
    service = terms.service
    waits = actor.is_client and not terms.rules.policy.auto_confirm
    booking = Booking(
        id=new_id(),
        version=1,
        service_id=service.id,
        client_id=client.id,
        buffer_before_minutes=service.buffer_before_minutes,
        buffer_after_minutes=service.buffer_after_minutes,
        price_amount_minor=service.price_amount_minor,
        price_currency=service.price_currency,
        status=Status.PENDING if waits else Status.CONFIRMED,
        notes=wanted.notes,
        needs_attention=False,
        schedule_version=1,
        event_sequence=1,
        created_at=now,
        updated_at=now,
    )
    set_time(booking, terms, wanted.starts_at)
    return booking


def set_time(booking: Booking, terms: Terms, starts_at: dt.datetime) -> None:
    """Give a booking its start, and with it the end and the local name of both."""
    booking.starts_at = starts_at.astimezone(dt.UTC)
    booking.ends_at = booking.starts_at + dt.timedelta(seconds=terms.offer.duration)
    booking.local_start = booking.starts_at.astimezone(terms.zone).replace(tzinfo=None)
    booking.timezone = terms.rules.policy.timezone
