"""Constraints of the database that speak for a rule, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from booking_service.errors import (
    BookingServiceError,
    ChangedMeanwhile,
    SlotTaken,
    SubjectInUse,
)

VIOLATIONS: dict[str, Callable[[], BookingServiceError]] = {
    "allocations_no_overlap": SlotTaken,
    "allocations_seat_key": SlotTaken,
    "providers_subject_key": SubjectInUse,
    "clients_subject_key": SubjectInUse,
}


@contextmanager
def translated(session: Session) -> Iterator[None]:
    """Flush at the end, and turn a violated constraint into what it means."""
    try:
        yield
        session.flush()  # the constraints speak now
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        meaning = VIOLATIONS.get(name or "")
        if meaning is None:
            raise
        raise meaning() from error
    except StaleDataError as error:
        raise ChangedMeanwhile from error
