"""Working hours and date overrides."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.domain.hours import Period, Week, Weekday, minutes_of
from booking_service.errors import NotFound
from booking_service.models import DateOverride, WorkingHours
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def period_of(entered: Mapping[str, object]) -> Period:
    """A period in the form of the contract as the domain knows it."""
    breaks = entered.get("breaks") or ()
    assert isinstance(breaks, Sequence)  # the contract says so
    return Period(
        minutes_of(str(entered["starts"])),
        minutes_of(str(entered["ends"])),
        tuple((minutes_of(pause["starts"]), minutes_of(pause["ends"])) for pause in breaks),
    )


def week_of(entered: Sequence[Mapping[str, object]]) -> Week:
    """Hours in the form of the contract, by weekday."""
    week: dict[Weekday, list[Period]] = {}
    for each in entered:
        week.setdefault(Weekday(str(each["weekday"])), []).append(period_of(each))
    return week


def find_plan(
    session: Session, provider_id: uuid.UUID, effective_from: dt.date
) -> WorkingHours | None:
    """The plan that begins on a date, if one does."""
    return session.get(WorkingHours, (provider_id, effective_from))


def find_plan_on(
    session: Session, provider_id: uuid.UUID, date: dt.date
) -> WorkingHours | None:
    """The plan that holds on a date, if one was entered."""
    query = (
        select(WorkingHours)
        .where(WorkingHours.provider_id == provider_id, WorkingHours.effective_from <= date)
        .order_by(WorkingHours.effective_from.desc())
    )
    return session.scalar(query.limit(1))


def require_plan(
    session: Session, provider_id: uuid.UUID, effective_from: dt.date
) -> WorkingHours:
    """The plan that begins on a date.

    Raises:
        NotFound: None does.
    """
    plan = find_plan(session, provider_id, effective_from)
    if plan is None:
        raise NotFound("plan")
    return plan


def page_of_plans(
    session: Session, page: PageRequest, *, provider_id: uuid.UUID
) -> Page[WorkingHours]:
    """A provider's plans by their first dates."""
    query = select(WorkingHours).where(WorkingHours.provider_id == provider_id)
    return fetch_page(session, query, key=(WorkingHours.effective_from,), page=page)


def find_override(
    session: Session, provider_id: uuid.UUID, date: dt.date
) -> DateOverride | None:
    """The override of one date, if there is one."""
    return session.get(DateOverride, (provider_id, date))


def require_override(
    session: Session, provider_id: uuid.UUID, date: dt.date
) -> DateOverride:
    """The override of one date.

    Raises:
        NotFound: The week's hours hold on that date.
    """
    override = find_override(session, provider_id, date)
    if override is None:
        raise NotFound("date override")
    return override


def page_of_overrides(
    session: Session,
    page: PageRequest,
    *,
    provider_id: uuid.UUID,
    first: dt.date | None,
    last: dt.date | None,
) -> Page[DateOverride]:
    """A provider's overrides by date, from ``first`` to ``last`` where given."""
    query = select(DateOverride).where(DateOverride.provider_id == provider_id)
    if first is not None:
        query = query.where(DateOverride.date >= first)
    if last is not None:
        query = query.where(DateOverride.date <= last)
    return fetch_page(session, query, key=(DateOverride.date,), page=page)
