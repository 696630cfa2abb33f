"""Refusals that name what could be had instead."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import flask
from sqlalchemy.orm import Session

from booking_service.api.exchange import Body, actor, now
from booking_service.api.hold_json import serialise_hold
from booking_service.api.idempotency import create_once
from booking_service.api.problems import flask_problem
from booking_service.errors import ClientLimitReached, SlotRefused
from booking_service.services import alternatives, booking_changes, bookings, holds
from booking_service.services.bookings import NewBooking
from booking_service.services.holds import NewHold
from booking_service.services.idempotency import Reply
from booking_service.services.scheduling import Candidates
from tenants.middleware import shop_transaction


@contextmanager
def alternatives_to(wanted: NewBooking | NewHold) -> Iterator[None]:
    """Name alternatives when a booking is refused, in a transaction of their own."""
    try:
        yield
    except SlotRefused as refused:
        with shop_transaction() as session:
            alternatives.offer_alternatives(
                session,
                refused,
                service_id=wanted.service_id,
                candidates=wanted.candidates,
                starts_at=wanted.starts_at,
                actor=actor(),
                now=now(),
            )
        raise


def hold_first(refused: SlotRefused, wanted: NewBooking, body: Body) -> flask.Response:
    """The refusal, with the first of its alternatives held; kept under the request's key.

    Raises:
        SlotRefused: Nothing could be held.
    """

    def create(session: Session) -> Reply:
        first = refused.alternatives[0]
        together = wanted.candidates is not None and wanted.candidates.together
        candidates = Candidates(first.provider_ids, together=together)
        slot = NewHold(wanted.service_id, first.starts_at, candidates)
        hold = holds.create_hold(session, wanted=slot, actor=actor(), now=now())
        refused.hold = serialise_hold(hold)
        body = flask_problem(refused).get_data(as_text=True)
        return Reply(refused.status, body, location=f"/holds/{hold.id}")

    while refused.alternatives:
        try:
            return create_once(body, create, still_true=hold_lives)
        except SlotRefused:  # lost to somebody just now
            del refused.alternatives[0]
        except ClientLimitReached:
            break
    raise refused


def hold_lives(session: Session, reply: Reply) -> bool:
    """Say whether an answer that is kept holds nothing, or holds it still."""
    if reply.status < 400:
        return True
    hold_id = uuid.UUID(reply.location.rpartition("/")[2])
    return holds.is_live(session, hold_id=hold_id, now=now())


@contextmanager
def alternatives_to_move(booking_id: uuid.UUID, changes: Body) -> Iterator[None]:
    """The same for a move."""
    try:
        yield
    except SlotRefused as refused:
        with shop_transaction() as session:
            booking = bookings.get_booking(session, booking_id=booking_id, actor=actor())
            alternatives.offer_alternatives_to_move(
                session,
                refused,
                booking=booking,
                candidates=booking_changes.moved_to(booking, changes),
                starts_at=changes.get("starts_at", booking.starts_at),
                actor=actor(),
                now=now(),
            )
        raise
