"""All that is written of one client."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from booking_service.domain.status import OPEN
from booking_service.domain.walk_ins import QUEUED
from booking_service.models import Booking, BookingChange, Client, Hold, KeptAnswer, WalkIn

# What people write in words of their own.
WORDS = ("notes", "cancellation_reason")


def open_bookings(session: Session, client_id: uuid.UUID) -> Sequence[Booking]:
    """A client's bookings that stand, locked, by id."""
    query = select(Booking).where(Booking.client_id == client_id, Booking.status.in_(OPEN))
    locked = query.order_by(Booking.id).with_for_update(key_share=True)
    return session.scalars(locked).all()


def holds(session: Session, client_id: uuid.UUID) -> Sequence[Hold]:
    """A client's holds, locked, by id."""
    query = select(Hold).where(Hold.client_id == client_id)
    return session.scalars(query.order_by(Hold.id).with_for_update()).all()


def waiting(session: Session, client_id: uuid.UUID) -> Sequence[WalkIn]:
    """A client's places in the queue, locked."""
    query = select(WalkIn).where(WalkIn.client_id == client_id, WalkIn.status.in_(QUEUED))
    return session.scalars(query.with_for_update(key_share=True)).all()


def bookings(session: Session, client_id: uuid.UUID) -> Sequence[Booking]:
    """All of a client's bookings, by start."""
    query = select(Booking).where(Booking.client_id == client_id)
    return session.scalars(query.order_by(Booking.starts_at, Booking.id)).all()


def walk_ins(session: Session, client_id: uuid.UUID) -> Sequence[WalkIn]:
    """All of a client's walk-ins, in the order in which it joined."""
    query = select(WalkIn).where(WalkIn.client_id == client_id)
    return session.scalars(query.order_by(WalkIn.joined_at, WalkIn.id)).all()


def forget_words(session: Session, client: Client, *, now: dt.datetime) -> None:
    """Remove what was written in words, and who the client was, of all but itself.

    Answers that are kept for retries and name it are gone: a retry is done anew.
    """
    own = select(Booking.id).where(Booking.client_id == client.id).scalar_subquery()
    session.execute(
        update(Booking)
        .where(
            Booking.client_id == client.id,
            Booking.notes.is_not(None) | Booking.cancellation_reason.is_not(None),
        )
        .values(
            notes=None,
            cancellation_reason=None,
            version=Booking.version + 1,
            updated_at=now,
        )
    )
    words: ColumnElement[Any] = literal(list(WORDS), ARRAY(Text))
    session.execute(
        update(BookingChange)
        .where(BookingChange.booking_id.in_(own))
        .values(
            before=BookingChange.before.op("-")(words),
            after=BookingChange.after.op("-")(words),
        )
    )
    if client.subject is not None:
        session.execute(
            update(BookingChange)
            .where(
                BookingChange.booking_id.in_(own),
                BookingChange.role == "client",
                BookingChange.subject == client.subject,
            )
            .values(subject=None)
        )
    session.execute(update(WalkIn).where(WalkIn.client_id == client.id).values(name=None))
    named = cast(KeptAnswer.body, Text).contains(str(client.id))
    session.execute(delete(KeptAnswer).where(named))
