"""When booked visits really began and ended, as staff say."""

from __future__ import annotations

import datetime as dt

from booking_service.domain.actors import Actor
from booking_service.domain.status import Status
from booking_service.errors import InvalidInput, InvalidTransition, RoleMayNot
from booking_service.models import Booking
from booking_service.services.changes import Changes, apply, touch

STAMPS = ("started_at", "finished_at")
# A visit that begins further from its time is another.
FARTHEST = dt.timedelta(days=1)


def stamp(
    booking: Booking, changes: Changes, *, actor: Actor, now: dt.datetime
) -> tuple[str, ...]:
    """Write down when a visit began or ended; what of it changed.

    Args:
        booking: Locked.
        changes: Any of ``started_at, finished_at``, and ``status`` if it changes, too.
        actor: Who says so.
        now: The request's instant.

    Raises:
        RoleMayNot: A client says so.
        InvalidTransition: The booking does not stand.
        InvalidInput: It cannot have been then.
    """
    stamps = {name: changes[name] for name in STAMPS if name in changes}
    if not stamps:
        return ()
    if actor.is_client:
        raise RoleMayNot("Staff say when a visit began and ended.")
    wanted = Status(changes.get("status", booking.status))
    if any(stamps.values()) and wanted not in (Status.CONFIRMED, Status.COMPLETED):
        told = wanted.value.replace("_", " ")
        raise InvalidTransition(f"A visit that is {told} has not begun.")
    _require_possible(booking, stamps, now)
    changed = apply(booking, stamps)
    if changed:
        touch(booking, now)
    return changed


def finish(booking: Booking, now: dt.datetime) -> None:
    """End a visit that was stamped to have begun, and not to have ended."""
    began = booking.started_at
    if began is not None and began < now and booking.finished_at is None:
        booking.finished_at = now


def _require_possible(booking: Booking, stamps: Changes, now: dt.datetime) -> None:
    for name, value in stamps.items():
        if value is not None and value > now:
            raise InvalidInput.at(f"/{name}", "must not be in the future")
    began = stamps.get("started_at", booking.started_at)
    ended = stamps.get("finished_at", booking.finished_at)
    if began is not None and abs(began - booking.starts_at) > FARTHEST:
        raise InvalidInput.at("/started_at", "must be within a day of the booking's start")
    if ended is not None and (began is None or ended <= began):
        raise InvalidInput.at("/finished_at", "must be after started_at")
