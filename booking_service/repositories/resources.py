"""Resources."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from booking_service.errors import NotFound
from booking_service.models import Resource
from booking_service.repositories.paging import Page, PageRequest, fetch_page


def _existing() -> Select[Resource]:
    return select(Resource).where(Resource.deleted_at.is_(None))


def require(session: Session, resource_id: uuid.UUID) -> Resource:
    """The resource.

    Raises:
        NotFound: There is none with this id.
    """
    resource = session.scalar(_existing().where(Resource.id == resource_id))
    if resource is None:
        raise NotFound("resource")
    return resource


def page_of(session: Session, page: PageRequest, *, kind: str | None) -> Page[Resource]:
    """Resources in the order of their making, all or those of one kind."""
    query = _existing()
    if kind is not None:
        query = query.where(Resource.kind == kind)
    return fetch_page(session, query, key=(Resource.id,), page=page)
