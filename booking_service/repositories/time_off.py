"""Providers' absences."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.domain.localtime import Span
from booking_service.errors import NotFound
from booking_service.models import TimeOff
from booking_service.repositories.paging import Page, PageRequest, fetch_page
from booking_service.repositories.spans import Window, span_of, touches


def require(session: Session, provider_id: uuid.UUID, time_off_id: uuid.UUID) -> TimeOff:
    """One absence of a provider.

    Raises:
        NotFound: The provider has none with this id.
    """
    time_off = session.get(TimeOff, time_off_id)
    if time_off is None or time_off.provider_id != provider_id:
        raise NotFound("time off")
    return time_off


def page_of(
    session: Session, page: PageRequest, *, provider_id: uuid.UUID
) -> Page[TimeOff]:
    """A provider's absences in the order of their making."""
    query = select(TimeOff).where(TimeOff.provider_id == provider_id)
    return fetch_page(session, query, key=(TimeOff.id,), page=page)


def blocking(
    session: Session, provider_ids: Collection[uuid.UUID], window: Window
) -> Mapping[uuid.UUID, list[Span]]:
    """The absences of several providers that may touch a window."""
    query = select(TimeOff).where(
        TimeOff.provider_id.in_(provider_ids), touches(TimeOff, window)
    )
    found: dict[uuid.UUID, list[Span]] = {}
    for time_off in session.scalars(query):
        spans = found.setdefault(time_off.provider_id, [])
        spans.append(span_of(time_off, window.zone))
    return found
