"""Services."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from booking_service.errors import NotFound
from booking_service.models import Provider, Service, ServiceProvider
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def _existing() -> Select[Service]:
    return select(Service).where(Service.deleted_at.is_(None))


def require(session: Session, service_id: uuid.UUID) -> Service:
    """The service.

    Raises:
        NotFound: There is none with this id.
    """
    service = session.scalar(_existing().where(Service.id == service_id))
    if service is None:
        raise NotFound("service")
    return service


def require_known(session: Session, service_ids: Collection[uuid.UUID]) -> None:
    """Make sure that all these services exist.

    Raises:
        NotFound: One does not.
    """
    query = select(Service.id).where(
        Service.id.in_(service_ids), Service.deleted_at.is_(None)
    )
    if set(session.scalars(query)) != set(service_ids):
        raise NotFound("service")


def providers_of(session: Session, service_id: uuid.UUID) -> Sequence[Provider]:
    """Everyone who offers a service, with all that they offer."""
    offers_it = Provider.offers.any(ServiceProvider.service_id == service_id)
    query = select(Provider).where(offers_it).options(selectinload(Provider.offers))
    return session.scalars(query).all()


def page_of(session: Session, page: PageRequest) -> Page[Service]:
    """Services in the order of their making."""
    return fetch_page(session, _existing(), key=(Service.id,), page=page)
