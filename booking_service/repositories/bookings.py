"""Bookings."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any
from typing import cast as cast_type
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Uuid,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from booking_service.domain.status import OPEN, Status
from booking_service.errors import NotFound
from booking_service.models import Booking, Client
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def is_served_by(provider_id: uuid.UUID | BindParameter[Any]) -> ColumnElement[bool]:
    """Whether a provider serves a booking, alone or with others."""
    further = Booking.further_provider_ids.contains(array([provider_id], type_=Uuid))
    return or_(Booking.provider_id == provider_id, further)


class Sight(Enum):
    """Whose bookings may be seen."""

    ALL = "all"
    CLIENTS = "client's"
    PROVIDERS = "provider's"


@dataclass(frozen=True)
class Visibility:
    """Whose bookings may be seen: one client's, one provider's, or all.

    Attributes:
        whose: The client's subject, who may have no record yet, or the
            provider's id.
    """

    sight: Sight = Sight.ALL
    whose: str | uuid.UUID | None = None

    @property
    def parameters(self) -> Mapping[str, object]:
        """What :func:`_narrowed` leaves open."""
        return {} if self.sight is Sight.ALL else {"whose": self.whose}


def _narrowed(query: Select[Booking], sight: Sight) -> Select[Booking]:
    match sight:
        case Sight.CLIENTS:
            own = select(Client.id).where(Client.subject == bindparam("whose"))
            return query.where(Booking.client_id == own.scalar_subquery())
        case Sight.PROVIDERS:
            return query.where(is_served_by(bindparam("whose", type_=Uuid)))
    return query


@dataclass(frozen=True)
class Filters:
    """What a list of bookings is narrowed to; None is no limit."""

    client_id: uuid.UUID | None = None
    provider_id: uuid.UUID | None = None
    service_id: uuid.UUID | None = None
    statuses: Sequence[Status] = ()
    overlaps_from: dt.datetime | None = None
    overlaps_to: dt.datetime | None = None
    needs_attention: bool | None = None


def require(session: Session, booking_id: uuid.UUID, *, visible_to: Visibility) -> Booking:
    """The booking.

    Raises:
        NotFound: There is none with this id that may be seen.
    """
    return _one(session, _by_id(visible_to.sight), booking_id, visible_to)


def require_for_update(
    session: Session, booking_id: uuid.UUID, *, visible_to: Visibility
) -> Booking:
    """The booking, locked against other changes until the transaction ends.

    Raises:
        NotFound: There is none with this id that may be seen.
    """
    query = _by_id(visible_to.sight, for_update=True)
    return _one(session, query, booking_id, visible_to)


def find_for_update(session: Session, booking_id: uuid.UUID) -> Booking | None:
    """The booking, locked; None if it is gone."""
    return session.scalar(_by_id(Sight.ALL, for_update=True), {"id": booking_id})


@cache
def _by_id(sight: Sight, *, for_update: bool = False) -> Select[Booking]:
    query = _narrowed(select(Booking).where(Booking.id == bindparam("id")), sight)
    return query.with_for_update(key_share=True) if for_update else query


def _one(
    session: Session,
    query: Select[Booking],
    booking_id: uuid.UUID,
    visible_to: Visibility,
) -> Booking:
    booking = session.scalar(query, {"id": booking_id, **visible_to.parameters})
    if booking is None:
        raise NotFound("booking")
    return booking


def page_of(
    session: Session, page: PageRequest, filters: Filters, *, visible_to: Visibility
) -> Page[Booking]:
    """Bookings by start, narrowed by the filters to what may be seen."""
    query = _narrowed(select(Booking), visible_to.sight).params(visible_to.parameters)
    if filters.client_id is not None:
        query = query.where(Booking.client_id == filters.client_id)
    if filters.provider_id is not None:
        query = query.where(is_served_by(filters.provider_id))
    if filters.service_id is not None:
        query = query.where(Booking.service_id == filters.service_id)
    if filters.statuses:
        query = query.where(Booking.status.in_(filters.statuses))
    if filters.needs_attention is not None:
        flagged = Booking.needs_attention
        query = query.where(flagged if filters.needs_attention else ~flagged)
    if filters.overlaps_from is not None:
        # A booking lasts a day at most, which lets the index bound the search.
        query = query.where(
            Booking.ends_at > filters.overlaps_from,
            Booking.starts_at > _a_day_before(filters.overlaps_from),
        )
    if filters.overlaps_to is not None:
        query = query.where(Booking.starts_at < filters.overlaps_to)
    return fetch_page(session, query, key=(Booking.starts_at, Booking.id), page=page)


def _a_day_before(instant: dt.datetime) -> dt.datetime:
    return instant - dt.timedelta(days=1, seconds=1)


def has_future(
    session: Session,
    *,
    now: dt.datetime,
    provider_id: uuid.UUID | None = None,
    resource_id: uuid.UUID | None = None,
    service_id: uuid.UUID | None = None,
) -> bool:
    """Say whether there are open bookings of something that are not over."""
    query = select(Booking.id).where(Booking.status.in_(OPEN), Booking.ends_at > now)
    if provider_id is not None:
        query = query.where(is_served_by(provider_id))
    if resource_id is not None:
        query = query.where(Booking.resource_ids.contains([resource_id]))
    if service_id is not None:
        query = query.where(Booking.service_id == service_id)
    return session.scalar(query.limit(1)) is not None


def served_by_any(provider_ids: Collection[uuid.UUID]) -> ColumnElement[bool]:
    """Whether one of these providers serves a booking, alone or with others."""
    further = Booking.further_provider_ids.overlap(list(provider_ids))
    return or_(Booking.provider_id.in_(provider_ids), further)


@dataclass(frozen=True)
class Ahead:
    """An open booking that is not over, as far as hours are concerned."""

    id: uuid.UUID
    provider_ids: Sequence[uuid.UUID]
    starts_at: dt.datetime
    ends_at: dt.datetime
    local_start: dt.datetime
    timezone: str
    buffer_before_minutes: int
    buffer_after_minutes: int
    needs_attention: bool


def ahead(
    session: Session, provider_ids: Collection[uuid.UUID] | None, *, now: dt.datetime
) -> Sequence[Ahead]:
    """Open bookings that are not over, of some providers or, with None, of all."""
    query = select(
        Booking.id,
        func.array_prepend(Booking.provider_id, Booking.further_provider_ids),
        Booking.starts_at,
        Booking.ends_at,
        Booking.local_start,
        Booking.timezone,
        Booking.buffer_before_minutes,
        Booking.buffer_after_minutes,
        Booking.needs_attention,
    ).where(
        Booking.status.in_(OPEN),
        Booking.ends_at > now,
        Booking.starts_at > _a_day_before(now),
    )
    if provider_ids is not None:
        query = query.where(served_by_any(provider_ids))
    return [Ahead(*row) for row in session.execute(query)]


def by_ids(session: Session, ids: Collection[uuid.UUID]) -> Sequence[Booking]:
    """These bookings, by start."""
    query = select(Booking).where(Booking.id.in_(ids))
    return session.scalars(query.order_by(Booking.starts_at, Booking.id)).all()


def flag(
    session: Session,
    ids: Collection[uuid.UUID],
    *,
    needs_attention: bool,
    now: dt.datetime,
) -> None:
    """Say of bookings whether they need attention."""
    if ids:
        session.execute(
            update(Booking)
            .where(Booking.id.in_(ids))
            .values(
                needs_attention=needs_attention,
                version=Booking.version + 1,
                updated_at=now,
            )
        )


def rename_starts(session: Session, zone: ZoneInfo, *, now: dt.datetime) -> None:
    """Call the starts of the bookings ahead what they are called in another zone."""
    renamed = [
        {
            "which": each.id,
            "start": each.starts_at.astimezone(zone).replace(tzinfo=None),
            "zone": zone.key,
        }
        for each in ahead(session, None, now=now)
    ]
    if renamed:
        table = cast_type(Table, Booking.__table__)
        by_id = (
            update(table)
            .where(table.c.id == bindparam("which"))
            .values(local_start=bindparam("start"), timezone=bindparam("zone"))
        )
        session.connection().execute(by_id, renamed)
