"""When providers are away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.models import TimeOff
from booking_service.repositories import time_off
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.attention import Review
from booking_service.services.changes import Changes, Guard, apply
from booking_service.services.identities import require_calendar
from booking_service.services.spans import stated
from booking_service.services.violations import written


def list_time_off(
    session: Session, *, provider_id: uuid.UUID, page: PageRequest, actor: Actor
) -> Page[TimeOff]:
    """A provider's absences.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return time_off.page_of(session, page, provider_id=provider_id)


def get_time_off(
    session: Session, *, provider_id: uuid.UUID, time_off_id: uuid.UUID, actor: Actor
) -> TimeOff:
    """One absence.

    Raises:
        NotFound: The provider has none with this id, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return time_off.require(session, provider_id, time_off_id)


def create_time_off(
    session: Session,
    *,
    provider_id: uuid.UUID,
    members: Mapping[str, Any],
    actor: Actor,
    now: dt.datetime,
    dry_run: bool = False,
) -> TimeOff:
    """Enter an absence; what is booked stays.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is no such provider, or it is another's calendar.
        InvalidInput: It has no length, or is stated in two ways.
    """
    values = stated(members)
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    require_calendar(session, actor, provider_id)
    absence = TimeOff(provider_id=provider_id, **values)
    with written(session):
        session.add(absence)
    review.end(dry_run=dry_run)
    return absence


def update_time_off(
    session: Session,
    *,
    provider_id: uuid.UUID,
    time_off_id: uuid.UUID,
    changes: Changes,
    actor: Actor,
    guard: Guard[TimeOff],
    now: dt.datetime,
    dry_run: bool = False,
) -> TimeOff:
    """Change an absence.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: The provider has none with this id, or it is another's calendar.
        InvalidInput: It has no length, or is stated in two ways.
    """
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    require_calendar(session, actor, provider_id)
    absence = time_off.require(session, provider_id, time_off_id)
    guard(absence)
    with written(session):
        apply(absence, stated(changes, absence))
    review.end(dry_run=dry_run)
    return absence


def delete_time_off(
    session: Session,
    *,
    provider_id: uuid.UUID,
    time_off_id: uuid.UUID,
    actor: Actor,
    guard: Guard[TimeOff],
    now: dt.datetime,
    dry_run: bool = False,
) -> None:
    """Remove an absence.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: The provider has none with this id, or it is another's calendar.
    """
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    require_calendar(session, actor, provider_id)
    absence = time_off.require(session, provider_id, time_off_id)
    guard(absence)
    session.delete(absence)
    review.end(dry_run=dry_run)
