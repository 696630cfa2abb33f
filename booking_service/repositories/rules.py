"""A shop's rules, read whole."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from booking_service.domain.hours import Period, Plan
from booking_service.domain.localtime import Span
from booking_service.domain.rules import Policy, ServiceRules, ShopRules
from booking_service.models import (
    Closure,
    DateOverride,
    Provider,
    Resource,
    Service,
    ServiceProvider,
    ShopSettings,
    TimeOff,
    WorkingHours,
)
from booking_service.models.spans import Stretch
from booking_service.repositories.hours import period_of, week_of
from booking_service.repositories.spans import span_of

StretchT = TypeVar("StretchT", bound=Stretch)


def load(session: Session, *, since: dt.datetime) -> ShopRules:
    """The rules as they are now.

    Args:
        session: A transaction pinned to the shop.
        since: Overrides and absences that are over by then are of no interest.
    """
    policy = _policy(session)
    zone = ZoneInfo(policy.timezone)
    absences: dict[uuid.UUID, list[Span]] = {}
    for absence in _not_over(session, TimeOff, since):
        absences.setdefault(absence.provider_id, []).append(span_of(absence, zone))
    return ShopRules(
        since=since,
        policy=policy,
        zone=zone,
        services={service.id: service for service in _services(session)},
        providers=_providers(session),
        offering=_offering(session),
        resources=_resources(session),
        plans=_plans(session),
        overrides=_overrides(session, since.date()),
        absences={provider: sorted(spans) for provider, spans in absences.items()},
        closures=sorted(
            span_of(closure, zone) for closure in _not_over(session, Closure, since)
        ),
    )


def _policy(session: Session) -> Policy:
    query = select(
        ShopSettings.timezone,
        ShopSettings.slot_interval_minutes,
        ShopSettings.min_notice_minutes,
        ShopSettings.booking_horizon_days,
        ShopSettings.hold_minutes,
        ShopSettings.auto_confirm,
        ShopSettings.max_bookings_per_day,
        ShopSettings.max_booked_minutes_per_day,
        ShopSettings.max_open_bookings_per_client,
        ShopSettings.max_holds_per_client,
        ShopSettings.accepts_walk_ins,
        ShopSettings.walk_in_call_minutes,
    )
    row = session.execute(query).mappings().one()
    return Policy(**row)


def _services(session: Session) -> Iterable[ServiceRules]:
    query = select(
        Service.id,
        Service.duration_minutes,
        Service.buffer_before_minutes,
        Service.buffer_after_minutes,
        Service.slot_interval_minutes,
        Service.min_notice_minutes,
        Service.max_per_day,
        Service.capacity,
        Service.resource_kinds,
        Service.price_amount_minor,
        Service.price_currency,
        Service.active,
        Service.deleted_at.is_not(None).label("deleted"),
    )
    return (ServiceRules(**row) for row in session.execute(query).mappings())


def _providers(session: Session) -> frozenset[uuid.UUID]:
    query = select(Provider.id).where(Provider.deleted_at.is_(None))
    return frozenset(session.scalars(query))


def _offering(session: Session) -> dict[uuid.UUID, Sequence[uuid.UUID]]:
    query = (
        select(ServiceProvider.service_id, Provider.id)
        .join(Provider, Provider.id == ServiceProvider.provider_id)
        .where(Provider.active, Provider.deleted_at.is_(None))
        .order_by(Provider.id)
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for service_id, provider_id in session.execute(query):
        found.setdefault(service_id, []).append(provider_id)
    return dict(found)


def _resources(session: Session) -> dict[str, Sequence[uuid.UUID]]:
    query = (
        select(Resource.kind, Resource.id)
        .where(Resource.active, Resource.deleted_at.is_(None))
        .order_by(Resource.id)
    )
    found: dict[str, list[uuid.UUID]] = {}
    for kind, resource_id in session.execute(query):
        found.setdefault(kind, []).append(resource_id)
    return dict(found)


def _plans(session: Session) -> dict[uuid.UUID, Sequence[Plan]]:
    query = select(
        WorkingHours.provider_id, WorkingHours.effective_from, WorkingHours.hours
    ).order_by(WorkingHours.effective_from)
    found: dict[uuid.UUID, list[Plan]] = {}
    for row in session.execute(query):
        plan = Plan(row.effective_from, week_of(row.hours))
        found.setdefault(row.provider_id, []).append(plan)
    return dict(found)


def _overrides(
    session: Session, first: dt.date
) -> dict[uuid.UUID, dict[dt.date, Sequence[Period]]]:
    query = select(DateOverride.provider_id, DateOverride.date, DateOverride.hours)
    # A local date may lie a day beside the one in UTC.
    query = query.where(DateOverride.date >= first - dt.timedelta(days=1))
    found: dict[uuid.UUID, dict[dt.date, Sequence[Period]]] = {}
    for row in session.execute(query):
        periods = [period_of(each) for each in row.hours]
        found.setdefault(row.provider_id, {})[row.date] = periods
    return found


def _not_over(
    session: Session, model: type[StretchT], since: dt.datetime
) -> Iterable[StretchT]:
    last = since.date() - dt.timedelta(days=1)
    still: ColumnElement[bool] = or_(model.ends_at > since, model.ends_on >= last)
    return session.scalars(select(model).where(still))
