"""The history of bookings."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.models import BookingChange
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def page_of(
    session: Session, page: PageRequest, *, booking_id: uuid.UUID
) -> Page[BookingChange]:
    """The changes of a booking, the first one first."""
    query = select(BookingChange).where(BookingChange.booking_id == booking_id)
    return fetch_page(session, query, key=(BookingChange.id,), page=page)
