"""Providers."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from booking_service.errors import NotFound
from booking_service.models import Provider, ServiceProvider
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def _existing() -> Select[Provider]:
    return select(Provider).where(Provider.deleted_at.is_(None))


def require(session: Session, provider_id: uuid.UUID) -> Provider:
    """The provider, with the services it offers.

    Raises:
        NotFound: There is none with this id.
    """
    query = _existing().where(Provider.id == provider_id)
    provider = session.scalar(query.options(selectinload(Provider.offers)))
    if provider is None:
        raise NotFound("provider")
    return provider


def require_known(session: Session, provider_ids: Collection[uuid.UUID]) -> None:
    """Make sure that all these providers exist.

    Raises:
        NotFound: One does not.
    """
    query = select(Provider.id).where(
        Provider.id.in_(provider_ids), Provider.deleted_at.is_(None)
    )
    if set(session.scalars(query)) != set(provider_ids):
        raise NotFound("provider")


def find_by_subject(session: Session, subject: str) -> Provider | None:
    """The provider to whom a token's subject is linked."""
    return session.scalar(_existing().where(Provider.subject == subject))


def page_of(
    session: Session, page: PageRequest, *, service_id: uuid.UUID | None
) -> Page[Provider]:
    """Providers in the order of their making, with the services they offer."""
    query = _existing().options(selectinload(Provider.offers))
    if service_id is not None:
        query = query.where(Provider.offers.any(ServiceProvider.service_id == service_id))
    return fetch_page(session, query, key=(Provider.id,), page=page)
