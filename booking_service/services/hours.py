"""When providers work."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.hours import Fault, faults
from booking_service.errors import FieldError, InvalidInput
from booking_service.models import DateOverride, WorkingHours
from booking_service.repositories import hours, locks, providers
from booking_service.repositories.hours import period_of
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Guard
from booking_service.services.identities import require_calendar
from booking_service.services.violations import written

Entered = Sequence[Mapping[str, Any]]


def get_working_hours(
    session: Session, *, provider_id: uuid.UUID, actor: Actor
) -> WorkingHours:
    """A provider's week; empty until it is entered.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return _week(session, provider_id)


def replace_working_hours(
    session: Session,
    *,
    provider_id: uuid.UUID,
    entered: Entered,
    guard: Guard[WorkingHours],
) -> WorkingHours:
    """Enter a provider's week, whole; what is booked stays.

    Raises:
        NotFound: There is no such provider.
        InvalidInput: Periods or breaks overlap, or have no length.
    """
    _require_sound(entered)
    locks.change_schedule(session)
    providers.require(session, provider_id)
    week = _week(session, provider_id)
    guard(week)
    with written(session):
        session.add(week)
        week.hours = [_complete(each) for each in entered]
    return week


def list_date_overrides(
    session: Session,
    *,
    provider_id: uuid.UUID,
    page: PageRequest,
    first: dt.date | None,
    last: dt.date | None,
    actor: Actor,
) -> Page[DateOverride]:
    """A provider's overrides by date, from ``first`` to ``last``, included.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return hours.page_of_overrides(
        session, page, provider_id=provider_id, first=first, last=last
    )


def get_date_override(
    session: Session, *, provider_id: uuid.UUID, date: dt.date, actor: Actor
) -> DateOverride:
    """The override of one date.

    Raises:
        NotFound: There is no such provider, or the week's hours hold.
    """
    require_calendar(session, actor, provider_id)
    return hours.require_override(session, provider_id, date)


def replace_date_override(
    session: Session,
    *,
    provider_id: uuid.UUID,
    date: dt.date,
    entered: Entered,
    guard: Guard[DateOverride],
) -> DateOverride:
    """Replace the hours of one local date; none closes it.

    Raises:
        NotFound: There is no such provider.
        InvalidInput: Periods or breaks overlap, or have no length.
    """
    _require_sound(entered)
    locks.change_schedule(session)
    providers.require(session, provider_id)
    override = hours.find_override(session, provider_id, date)
    guard(override)
    with written(session):
        if override is None:
            override = DateOverride(provider_id=provider_id, date=date)
            session.add(override)
        override.hours = [_complete(each) for each in entered]
    return override


def delete_date_override(
    session: Session,
    *,
    provider_id: uuid.UUID,
    date: dt.date,
    guard: Guard[DateOverride],
) -> None:
    """Let the week's hours hold again on one date.

    Raises:
        NotFound: They already do, or there is no such provider.
    """
    locks.change_schedule(session)
    providers.require(session, provider_id)
    override = hours.require_override(session, provider_id, date)
    guard(override)
    session.delete(override)
    session.flush()  # the answer is given when it is written


def _week(session: Session, provider_id: uuid.UUID) -> WorkingHours:
    """The provider's week; empty, and not yet kept, until it is entered."""
    found = hours.find_working_hours(session, provider_id)
    return found or WorkingHours(provider_id=provider_id, hours=[])


def _complete(entered: Mapping[str, Any]) -> dict[str, Any]:
    return {**entered, "breaks": list(entered.get("breaks", ()))}


def _require_sound(entered: Entered) -> None:
    days: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for position, each in enumerate(entered):
        days.setdefault(each.get("weekday", ""), []).append((position, each))
    wrong = [fault for day in days.values() for fault in _faults_of_day(day)]
    if wrong:
        raise InvalidInput(
            [
                FieldError("/" + "/".join(map(str, fault.path)), fault.detail)
                for fault in wrong
            ]
        )


def _faults_of_day(day: Iterable[tuple[int, Mapping[str, Any]]]) -> list[Fault]:
    return faults([(("hours", position), period_of(each)) for position, each in day])
