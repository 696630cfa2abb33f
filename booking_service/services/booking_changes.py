"""What can become of a booking that stands."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import Reason
from booking_service.domain.localtime import instant
from booking_service.domain.resources import Team
from booking_service.domain.status import HELD, OPEN, Status, may_become
from booking_service.errors import (
    CancellationTooLate,
    InvalidInput,
    InvalidTransition,
    RoleMayNot,
)
from booking_service.events import outbox
from booking_service.events.types import (
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingEvent,
    BookingNoShow,
    BookingRescheduled,
    BookingUpdated,
)
from booking_service.models import Booking
from booking_service.repositories import bookings, locks, providers, shop
from booking_service.services import capping, history, placing, stamps, teams
from booking_service.services.bookings import (
    expire_if_pending,
    require_manager_to_waive,
    set_team,
    set_time,
)
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.identities import own_provider, visibility
from booking_service.services.placing import Claim
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms, terms_of_move
from booking_service.services.violations import written

EXPIRED, ERASED = "expired", "client_erased"


def update_booking(
    session: Session,
    *,
    booking_id: uuid.UUID,
    changes: Changes,
    actor: Actor,
    guard: Guard[Booking],
    now: dt.datetime,
) -> Booking:
    """Move a booking, change its status or its notes, and announce it.

    Args:
        session: A transaction pinned to the shop.
        booking_id: Which.
        changes: Any of ``starts_at, provider_ids, notes, status,
            cancellation_reason, started_at, finished_at``; what is not in it stays.
            ``waived`` are rules that shall not count, for managers.
        actor: Who asks.
        guard: Refuses if the change was meant for another state of the booking.
        now: The request's instant.

    Raises:
        NotFound: There is no such booking that the actor may see.
        InvalidInput: The changes contradict each other.
        RoleMayNot: The change is not the actor's to make.
        InvalidTransition: The booking's status does not allow it.
        CancellationTooLate: The shop's notice has passed.
        SlotTaken: Somebody else has the new time.
        SlotNotOffered: The shop's rules do not offer it.
    """
    _require_consistent(changes)
    require_manager_to_waive(actor, _waived(changes))
    counter = locks.share_schedule(session)
    visible = visibility(session, actor)
    booking = bookings.require_for_update(session, booking_id, visible_to=visible)
    guard(booking)
    before = history.snapshot(booking)
    with written(session):
        _move(session, booking, changes, actor, counter, now)
        _annotate(session, booking, changes, actor, now)
        stamped = stamps.stamp(booking, changes, actor=actor, now=now)
        if stamped:
            event = BookingUpdated.of(booking, by=actor, changed=stamped)
            _announce(session, booking, event, now)
        wanted = Status(changes.get("status", booking.status))
        if wanted is not Status(booking.status):
            _change_status(session, booking, wanted, changes, actor, now)
    history.record(session, booking, before=before, actor=actor, now=now)
    return booking


def cancel_booking(
    session: Session,
    *,
    booking_id: uuid.UUID,
    reason: str | None,
    actor: Actor,
    guard: Guard[Booking],
    now: dt.datetime,
) -> Booking:
    """Cancel a booking and announce it; one that is cancelled stays as it is.

    Raises:
        NotFound: There is no such booking that the actor may see.
        InvalidTransition: It is completed, or the client did not come.
        CancellationTooLate: The shop's notice has passed.
    """
    locks.share_schedule(session)
    visible = visibility(session, actor)
    booking = bookings.require_for_update(session, booking_id, visible_to=visible)
    guard(booking)
    if booking.status != Status.CANCELLED:
        before = history.snapshot(booking)
        with written(session):
            changes = {"cancellation_reason": reason}
            _change_status(session, booking, Status.CANCELLED, changes, actor, now)
        history.record(session, booking, before=before, actor=actor, now=now)
    return booking


def expire_booking(
    session: Session, *, subject: uuid.UUID, schedule_version: int, now: dt.datetime
) -> None:
    """Cancel a booking that still waits though its start has come.

    Nothing happens if it changed since the timer was set.
    """
    locks.share_schedule(session)
    booking = bookings.find_for_update(session, subject)
    if booking is None or booking.schedule_version != schedule_version:
        return
    if booking.status == Status.PENDING and booking.starts_at <= now:
        before = history.snapshot(booking)
        _cancel(session, booking, EXPIRED, None, now)
        session.flush()
        history.record(session, booking, before=before, actor=None, now=now)


def withdraw_booking(session: Session, booking: Booking, *, now: dt.datetime) -> None:
    """Cancel an open booking, which is locked, since its client is to be forgotten."""
    before = history.snapshot(booking)
    _cancel(session, booking, ERASED, None, now)
    session.flush()  # the history tells what is written
    history.record(session, booking, before=before, actor=None, now=now)


def _waived(changes: Changes) -> Collection[Reason]:
    rules: Collection[Reason] = changes.get("waived", ())
    return rules


def _require_consistent(changes: Changes) -> None:
    reason, status = changes.get("cancellation_reason"), changes.get("status")
    if reason is not None and status not in (None, Status.CANCELLED):
        raise InvalidInput.at("/cancellation_reason", "belongs to status cancelled")


def _move(
    session: Session,
    booking: Booking,
    changes: Changes,
    actor: Actor,
    counter: int,
    now: dt.datetime,
) -> None:
    starts_at = changes.get("starts_at", booking.starts_at)
    candidates = moved_to(booking, changes)
    previous = booking.starts_at, booking.provider_ids
    if (starts_at, tuple(candidates.provider_ids)) == previous:
        return
    if changes.get("status") == Status.CANCELLED:
        raise InvalidInput.at("/status", "a booking cannot be moved and cancelled at once")
    _require_movable(session, booking, candidates, actor, now)
    terms = terms_of_move(session, booking, counter=counter, now=now)
    _relocate(session, booking, terms, candidates, starts_at, _waived(changes))
    booking.schedule_version += 1
    if actor.is_client and not terms.rules.policy.auto_confirm:
        booking.status = Status.PENDING
    touch(booking, now)
    event = BookingRescheduled.of(
        booking,
        by=actor,
        previous_starts_at=previous[0],
        previous_provider_ids=previous[1],
    )
    _announce(session, booking, event, now)
    expire_if_pending(session, booking)


def moved_to(booking: Booking, changes: Changes) -> Candidates:
    """Who is to serve a booking after some changes."""
    provider_ids = changes.get("provider_ids", booking.provider_ids)
    return Candidates(provider_ids, together=len(provider_ids) > 1)


def _relocate(
    session: Session,
    booking: Booking,
    terms: Terms,
    candidates: Candidates,
    starts_at: dt.datetime,
    waived: Collection[Reason],
) -> None:
    previous, left = {*booking.provider_ids, *booking.resource_ids}, booking.starts_at
    claim = Claim(
        id=booking.id,
        service_id=booking.service_id,
        starts_at=starts_at,
        team=Team(booking.provider_ids),
        offer=terms.offer,
        client_id=booking.client_id,
    )

    def attempt(team: Team) -> Collection[uuid.UUID]:
        outcome = placing.relocate(
            session,
            replace(claim, team=team),
            previous=previous,
            left=left,
            now=terms.now,
        )
        if not outcome.missed:
            set_team(booking, team.provider_ids, outcome.resource_ids)
            set_time(booking, terms, starts_at)
            booking.needs_attention = False
            booking.started_at = booking.finished_at = None
        return outcome.missed

    day = terms.local_day(instant(starts_at))
    capping.lock(session, terms, candidates.provider_ids, day, client_id=None)
    free = teams.field(session, terms, candidates, starts_at, waived=waived)
    teams.settle(terms, free, starts_at, attempt, preferred=booking.resource_ids)


def _require_movable(
    session: Session,
    booking: Booking,
    candidates: Candidates,
    actor: Actor,
    now: dt.datetime,
) -> None:
    if actor.is_provider:
        everyone = {*booking.provider_ids, *candidates.provider_ids}
        if everyone != {own_provider(session, actor).id}:
            raise RoleMayNot("A provider moves bookings within its own calendar only.")
    providers.require_known(session, set(candidates.provider_ids))
    has_started = booking.starts_at <= now
    if booking.status not in OPEN or (has_started and booking.status == Status.PENDING):
        raise InvalidTransition(f"A booking that is {_told(booking, now)} cannot be moved.")
    _require_notice(session, booking, actor, now, moving=True)


def _told(booking: Booking, now: dt.datetime) -> str:
    started = " and past its start" if booking.starts_at <= now else ""
    return booking.status.replace("_", " ") + started


def _require_notice(
    session: Session,
    booking: Booking,
    actor: Actor,
    now: dt.datetime,
    *,
    moving: bool = False,
) -> None:
    if not actor.is_client:
        return
    policy = shop.settings(session)
    minutes, what = policy.cancellation_notice_minutes, "cancel"
    if moving:
        what = "move"
        if policy.reschedule_notice_minutes is not None:
            minutes = policy.reschedule_notice_minutes
    if now > booking.starts_at - dt.timedelta(minutes=minutes):
        raise CancellationTooLate(
            f"Clients may {what} until {minutes} minutes before the start."
        )


def _annotate(
    session: Session, booking: Booking, changes: Changes, actor: Actor, now: dt.datetime
) -> None:
    words = {name: changes[name] for name in ("notes",) if name in changes}
    if booking.status == Status.CANCELLED and "cancellation_reason" in changes:
        words["cancellation_reason"] = changes["cancellation_reason"]
    elif changes.get("cancellation_reason") is not None and "status" not in changes:
        raise InvalidTransition("Only a cancelled booking has a reason for it.")
    changed = apply(booking, words)
    if changed:
        touch(booking, now)
        event = BookingUpdated.of(booking, by=actor, changed=changed)
        _announce(session, booking, event, now)


def _change_status(
    session: Session,
    booking: Booking,
    wanted: Status,
    changes: Changes,
    actor: Actor,
    now: dt.datetime,
) -> None:
    if actor.is_client and wanted is not Status.CANCELLED:
        raise RoleMayNot("A client may cancel a booking, and set no other status.")
    current = Status(booking.status)
    if not may_become(current, wanted, starts_at=booking.starts_at, now=now):
        raise InvalidTransition(
            f"A booking that is {_told(booking, now)} cannot become"
            f" {wanted.value.replace('_', ' ')}."
        )
    if wanted is Status.CANCELLED:
        _require_notice(session, booking, actor, now)
        _cancel(session, booking, changes.get("cancellation_reason"), actor, now)
        return
    if wanted in HELD:
        placing.end_early(session, booking, now)
        if wanted is Status.COMPLETED:
            stamps.finish(booking, now)
    _set_status(booking, wanted, now)
    _announce(session, booking, _EVENTS[wanted](booking, actor), now)


def _cancel(
    session: Session,
    booking: Booking,
    reason: str | None,
    actor: Actor | None,
    now: dt.datetime,
) -> None:
    placing.release(session, booking)
    booking.cancellation_reason = reason
    _set_status(booking, Status.CANCELLED, now)
    event = BookingCancelled.of(booking, by=actor, reason=reason)
    _announce(session, booking, event, now)


def _announce(
    session: Session, booking: Booking, event: BookingEvent, now: dt.datetime
) -> None:
    booking.event_sequence += 1
    outbox.append(session, booking, event, at=now)


def _set_status(booking: Booking, status: Status, now: dt.datetime) -> None:
    booking.status = status
    booking.needs_attention &= status in OPEN
    booking.schedule_version += 1
    touch(booking, now)


_EVENTS: dict[Status, Callable[[Booking, Actor], BookingEvent]] = {
    Status.CONFIRMED: lambda booking, by: BookingConfirmed.of(booking, by=by),
    Status.COMPLETED: lambda booking, by: BookingCompleted.of(booking, by=by),
    Status.NO_SHOW: lambda booking, by: BookingNoShow.of(booking, by=by),
}
