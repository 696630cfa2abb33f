"""The shop's closures."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.errors import NotFound
from booking_service.models import Closure
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def require(session: Session, closure_id: uuid.UUID) -> Closure:
    """One closure.

    Raises:
        NotFound: There is none with this id.
    """
    closure = session.get(Closure, closure_id)
    if closure is None:
        raise NotFound("closure")
    return closure


def page_of(session: Session, page: PageRequest) -> Page[Closure]:
    """Closures in the order of their making."""
    return fetch_page(session, select(Closure), key=(Closure.id,), page=page)
