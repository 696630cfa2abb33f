"""When the whole shop is closed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from booking_service.models import Closure
from booking_service.repositories import closures
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.attention import Review
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


def create_closure(
    session: Session, *, members: Mapping[str, Any], now: dt.datetime, dry_run: bool = False
) -> Closure:
    """Close the shop for a while; what is booked stays.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        InvalidInput: It has no length, or is stated in two ways.
    """
    values = stated(members)
    review = Review.begin(session, provider_ids=None, now=now)
    closure = Closure(**values)
    with written(session):
        session.add(closure)
    review.end(dry_run=dry_run)
    return closure


def update_closure(
    session: Session,
    *,
    closure_id: uuid.UUID,
    changes: Changes,
    guard: Guard[Closure],
    now: dt.datetime,
    dry_run: bool = False,
) -> Closure:
    """Change a closure.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is none with this id.
        InvalidInput: It has no length, or is stated in two ways.
    """
    review = Review.begin(session, provider_ids=None, now=now)
    closure = closures.require(session, closure_id)
    guard(closure)
    with written(session):
        apply(closure, stated(changes, closure))
    review.end(dry_run=dry_run)
    return closure


def delete_closure(
    session: Session,
    *,
    closure_id: uuid.UUID,
    guard: Guard[Closure],
    now: dt.datetime,
    dry_run: bool = False,
) -> None:
    """Remove a closure.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is none with this id.
    """
    review = Review.begin(session, provider_ids=None, now=now)
    closure = closures.require(session, closure_id)
    guard(closure)
    session.delete(closure)
    review.end(dry_run=dry_run)
