"""What is known of one client: told to whom it concerns, and forgotten for good."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.events import outbox
from booking_service.events.types import ClientErased
from booking_service.models import Booking, Client, WalkIn
from booking_service.repositories import clients, erasure, locks
from booking_service.services import placing
from booking_service.services.booking_changes import withdraw_booking
from booking_service.services.changes import Guard, touch
from booking_service.services.identities import own_client
from booking_service.services.walk_in_changes import leave


@dataclass(frozen=True)
class ClientExport:
    """All that a shop knows of a client, but for the history of its bookings."""

    client: Client
    bookings: Sequence[Booking]
    walk_ins: Sequence[WalkIn]


def export_client(session: Session, *, client_id: uuid.UUID) -> ClientExport:
    """Everything that is known of a client.

    Raises:
        NotFound: There is none with this id.
    """
    return _export(session, clients.require(session, client_id))


def export_own_client(session: Session, *, actor: Actor, now: dt.datetime) -> ClientExport:
    """Everything that is known of the actor, whose record is made on first use."""
    return _export(session, own_client(session, actor, now))


def erase_client(
    session: Session,
    *,
    client_id: uuid.UUID,
    actor: Actor,
    guard: Guard[Client],
    now: dt.datetime,
) -> None:
    """Forget who a client is, and announce it.

    Its open bookings are cancelled, its holds and its place in the queue given back;
    what took place stays, as facts about nobody.

    Args:
        session: A transaction pinned to the shop.
        client_id: Whom.
        actor: Who asks.
        guard: Refuses if it was meant for another state of the record.
        now: The request's instant.

    Raises:
        NotFound: There is none with this id.
    """
    locks.share_schedule(session)
    client = clients.require_for_update(session, client_id)
    guard(client)
    for booking in erasure.open_bookings(session, client_id):
        withdraw_booking(session, booking, now=now)
    for hold in erasure.holds(session, client_id):
        placing.release(session, hold)
        session.delete(hold)
    for walk_in in erasure.waiting(session, client_id):
        leave(session, walk_in, by=actor, now=now)
    session.flush()  # what follows forgets words in all rows
    erasure.forget_words(session, client, now=now)
    client.name = client.email = client.phone = client.locale = client.subject = None
    client.notification_channels = []
    client.erased_at = now
    touch(client, now)
    session.flush()  # the answer is given when it is written
    event = ClientErased.of(client, by=actor)
    outbox.append(session, outbox.Once(client.id), event, at=now)


def _export(session: Session, client: Client) -> ClientExport:
    return ClientExport(
        client,
        erasure.bookings(session, client.id),
        erasure.walk_ins(session, client.id),
    )
