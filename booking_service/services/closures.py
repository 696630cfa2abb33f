"""When the whole shop is closed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from booking_service.models import Closure
from booking_service.repositories import closures, locks
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Changes, Guard, apply
from booking_service.services.spans import stated
from booking_service.services.violations import written


def list_closures(session: Session, *, page: PageRequest) -> Page[Closure]:
    """The shop's closures."""
    return closures.page_of(session, page)


def get_closure(session: Session, *, closure_id: uuid.UUID) -> Closure:
    """One closure.

    Raises:
        NotFound: There is none with this id.
    """
    return closures.require(session, closure_id)


def create_closure(session: Session, *, members: Mapping[str, Any]) -> Closure:
    """Close the shop for a while; what is booked stays.

    Raises:
        InvalidInput: It has no length, or is stated in two ways.
    """
    values = stated(members)
    locks.change_schedule(session)
    closure = Closure(**values)
    with written(session):
        session.add(closure)
    return closure


def update_closure(
    session: Session, *, closure_id: uuid.UUID, changes: Changes, guard: Guard[Closure]
) -> Closure:
    """Change a closure.

    Raises:
        NotFound: There is none with this id.
        InvalidInput: It has no length, or is stated in two ways.
    """
    locks.change_schedule(session)
    closure = closures.require(session, closure_id)
    guard(closure)
    with written(session):
        apply(closure, stated(changes, closure))
    return closure


def delete_closure(
    session: Session, *, closure_id: uuid.UUID, guard: Guard[Closure]
) -> None:
    """Remove a closure.

    Raises:
        NotFound: There is none with this id.
    """
    locks.change_schedule(session)
    closure = closures.require(session, closure_id)
    guard(closure)
    session.delete(closure)
    session.flush()  # the answer is given when it is written
