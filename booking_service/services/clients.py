"""Those who are served."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.models import Client
from booking_service.repositories import clients
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Changes, Guard, apply, touch, unguarded
from booking_service.services.identities import own_client, served_by
from booking_service.services.violations import written


def list_clients(session: Session, *, page: PageRequest, actor: Actor) -> Page[Client]:
    """The shop's clients; for a provider those it has served or will serve."""
    return clients.page_of(session, page, served_by=served_by(session, actor))


def get_client(session: Session, *, client_id: uuid.UUID, actor: Actor) -> Client:
    """One client.

    Raises:
        NotFound: There is none that the actor may see.
    """
    return clients.require(session, client_id, served_by=served_by(session, actor))


def create_client(
    session: Session, *, members: Mapping[str, object], now: dt.datetime
) -> Client:
    """Enter a client.

    Raises:
        SubjectInUse: Another client has the subject.
    """
    return new_client(session, members=members, now=now)


def new_client(
    session: Session, *, members: Mapping[str, object], now: dt.datetime
) -> Client:
    """Write a client's record from the members of the contract."""
    client = Client(created_at=now, updated_at=now, **members)
    with written(session):
        session.add(client)
    return client


def update_client(
    session: Session,
    *,
    client_id: uuid.UUID,
    changes: Changes,
    guard: Guard[Client],
    now: dt.datetime,
) -> Client:
    """Change a client's record.

    Raises:
        NotFound: There is none with this id.
        SubjectInUse: Another client has the subject.
    """
    return amend(session, client_id, changes, guard=guard, now=now)


def get_own_client(session: Session, *, actor: Actor, now: dt.datetime) -> Client:
    """The actor's own record, made on first use."""
    return own_client(session, actor, now)


def update_own_client(
    session: Session,
    *,
    changes: Changes,
    actor: Actor,
    guard: Guard[Client],
    now: dt.datetime,
) -> Client:
    """Change the actor's own record."""
    own = own_client(session, actor, now)
    return amend(session, own.id, changes, guard=guard, now=now)


def amend(
    session: Session,
    client_id: uuid.UUID,
    changes: Changes,
    *,
    guard: Guard[Client] = unguarded,
    now: dt.datetime,
) -> Client:
    """Change a client's record, one at a time."""
    client = clients.require_for_update(session, client_id)
    guard(client)
    with written(session):
        if apply(client, changes):
            touch(client, now)
    return client
