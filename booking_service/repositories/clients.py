"""Clients."""

from __future__ import annotations

import uuid

from sqlalchemy import Exists, Select, bindparam, select
from sqlalchemy.orm import Session

from booking_service.errors import NotFound
from booking_service.models import Booking, Client
from booking_service.repositories.bookings import is_served_by
from booking_service.repositories.paging import Page, PageRequest, fetch_page

_BY_SUBJECT = select(Client).where(Client.subject == bindparam("subject"))


def _known() -> Select[Client]:
    return select(Client).where(Client.erased_at.is_(None))


def require(
    session: Session, client_id: uuid.UUID, *, served_by: uuid.UUID | None = None
) -> Client:
    """The client.

    Args:
        session: A transaction pinned to the shop.
        client_id: Whom.
        served_by: If given, only a client with a booking at this provider.

    Raises:
        NotFound: There is none with this id.
    """
    query = _known().where(Client.id == client_id)
    if served_by is not None:
        query = query.where(_has_booking_at(served_by))
    client = session.scalar(query)
    if client is None:
        raise NotFound("client")
    return client


def require_for_update(session: Session, client_id: uuid.UUID) -> Client:
    """The client, locked against other changes until the transaction ends.

    Bookings may refer to it meanwhile: their foreign keys do not wait.

    Raises:
        NotFound: There is none with this id.
    """
    query = _known().where(Client.id == client_id)
    client = session.scalar(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    if client is None:
        raise NotFound("client")
    return client


def find_by_subject(session: Session, subject: str) -> Client | None:
    """The client whose login this is."""
    return session.scalar(_BY_SUBJECT, {"subject": subject})


def page_of(
    session: Session, page: PageRequest, *, served_by: uuid.UUID | None
) -> Page[Client]:
    """Clients in the order of their making, all or those of one provider."""
    query = _known()
    if served_by is not None:
        query = query.where(_has_booking_at(served_by))
    return fetch_page(session, query, key=(Client.id,), page=page)


def _has_booking_at(provider_id: uuid.UUID) -> Exists:
    return (
        select(Booking.id)
        .where(Booking.client_id == Client.id, is_served_by(provider_id))
        .exists()
    )
