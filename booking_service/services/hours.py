"""When providers work."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.hours import Fault, faults
from booking_service.domain.localtime import instant, local_date
from booking_service.errors import FieldError, InvalidInput
from booking_service.models import DateOverride, WorkingHours
from booking_service.models.hours import ALWAYS
from booking_service.repositories import hours, providers, shop
from booking_service.repositories.hours import period_of
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.attention import Review
from booking_service.services.changes import Guard
from booking_service.services.identities import require_calendar
from booking_service.services.violations import written

Entered = Sequence[Mapping[str, Any]]


def get_working_hours(
    session: Session,
    *,
    provider_id: uuid.UUID,
    date: dt.date | None,
    actor: Actor,
    now: dt.datetime,
) -> WorkingHours:
    """The plan that a provider works by on a date; without hours until one is entered.

    Args:
        session: A transaction pinned to the shop.
        provider_id: Whose.
        date: None is today, in the shop's zone.
        actor: Who asks.
        now: The request's instant.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return _plan_on(session, provider_id, date or _today(session, now))


def list_plans(
    session: Session, *, provider_id: uuid.UUID, page: PageRequest, actor: Actor
) -> Page[WorkingHours]:
    """All plans of a provider by their first dates.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return hours.page_of_plans(session, page, provider_id=provider_id)


def replace_working_hours(
    session: Session,
    *,
    provider_id: uuid.UUID,
    entered: Entered,
    effective_from: dt.date | None = None,
    guard: Guard[WorkingHours],
    now: dt.datetime,
    dry_run: bool = False,
) -> WorkingHours:
    """Enter a provider's week, whole; what is booked stays.

    Args:
        session: A transaction pinned to the shop.
        provider_id: Whose.
        entered: The periods.
        effective_from: The first date of the plan to enter or to replace; None is
            the plan that holds today.
        guard: Refuses if the change was meant for another state of the plan.
        now: The request's instant.
        dry_run: Say which bookings would fall outside, and change nothing.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is no such provider.
        InvalidInput: Periods or breaks overlap, or have no length.
    """
    _require_sound(entered)
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    providers.require(session, provider_id)
    if effective_from is None:
        plan = _plan_on(session, provider_id, _today(session, now))
        guard(plan)
    else:
        found = hours.find_plan(session, provider_id, effective_from)
        guard(found)
        plan = found or _empty_plan(provider_id, effective_from)
    with written(session):
        session.add(plan)
        plan.hours = [_complete(each) for each in entered]
    review.end(dry_run=dry_run)
    return plan


def delete_plan(
    session: Session,
    *,
    provider_id: uuid.UUID,
    effective_from: dt.date,
    guard: Guard[WorkingHours],
    now: dt.datetime,
    dry_run: bool = False,
) -> None:
    """Let the plan before it go on.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is no such provider, or none of its plans begins then.
    """
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    providers.require(session, provider_id)
    plan = hours.require_plan(session, provider_id, effective_from)
    guard(plan)
    session.delete(plan)
    review.end(dry_run=dry_run)


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
    now: dt.datetime,
    dry_run: bool = False,
) -> DateOverride:
    """Replace the hours of one local date; none closes it.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: There is no such provider.
        InvalidInput: Periods or breaks overlap, or have no length.
    """
    _require_sound(entered)
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    providers.require(session, provider_id)
    override = hours.find_override(session, provider_id, date)
    guard(override)
    with written(session):
        if override is None:
            override = DateOverride(provider_id=provider_id, date=date)
            session.add(override)
        override.hours = [_complete(each) for each in entered]
    review.end(dry_run=dry_run)
    return override


def delete_date_override(
    session: Session,
    *,
    provider_id: uuid.UUID,
    date: dt.date,
    guard: Guard[DateOverride],
    now: dt.datetime,
    dry_run: bool = False,
) -> None:
    """Let the week's hours hold again on one date.

    Raises:
        Rehearsed: It is a dry run: nothing is changed.
        NotFound: They already do, or there is no such provider.
    """
    review = Review.begin(session, provider_ids=[provider_id], now=now)
    providers.require(session, provider_id)
    override = hours.require_override(session, provider_id, date)
    guard(override)
    session.delete(override)
    review.end(dry_run=dry_run)


def _today(session: Session, now: dt.datetime) -> dt.date:
    return local_date(instant(now), ZoneInfo(shop.settings(session).timezone))


def _plan_on(session: Session, provider_id: uuid.UUID, date: dt.date) -> WorkingHours:
    found = hours.find_plan_on(session, provider_id, date)
    return found or _empty_plan(provider_id, ALWAYS)


def _empty_plan(provider_id: uuid.UUID, effective_from: dt.date) -> WorkingHours:
    """A plan that is not yet kept."""
    return WorkingHours(provider_id=provider_id, effective_from=effective_from, hours=[])


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
