"""Constraints of the database that speak for a rule, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from booking_service.errors import (
    AlreadyWaiting,
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
    "walk_ins_one_place_key": AlreadyWaiting,
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn a constraint that is violated inside into what it means."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        meaning = VIOLATIONS.get(name or "")
        if meaning is None:
            raise
        raise meaning() from error
    except StaleDataError as error:
        raise ChangedMeanwhile from error


@contextmanager
def written(session: Session) -> Iterator[None]:
    """Write what was changed inside, and translate what the constraints say."""
    with translated():
        yield
        session.flush()  # the constraints speak now
