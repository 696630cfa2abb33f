"""Providers' absences."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.errors import NotFound
from booking_service.models import TimeOff
from booking_service.repositories.paging import Page, PageRequest, fetch_page


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
