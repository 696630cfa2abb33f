"""Which records are the actor's own."""

from __future__ import annotations

import uuid

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.ids import new_id
from booking_service.errors import NotFound, NotLinked
from booking_service.models import Client, Provider
from booking_service.repositories import clients, providers
from booking_service.repositories.bookings import Visibility

_NOBODY = uuid.UUID(int=0)


def own_provider(session: Session, actor: Actor) -> Provider:
    """The provider to whom the actor's subject is linked.

    Raises:
        NotLinked: There is none.
    """
    provider = providers.find_by_subject(session, actor.subject)
    if provider is None:
        raise NotLinked
    return provider


def own_client(session: Session, actor: Actor) -> Client:
    """The actor's own record, made on first use."""
    client = clients.find_by_subject(session, actor.subject)
    if client is None:
        # Two first requests at once make one record.
        session.execute(
            insert(Client)
            .values(id=new_id(), subject=actor.subject, version=1, notification_channels=[])
            .on_conflict_do_nothing()
        )
        client = clients.find_by_subject(session, actor.subject)
        assert client is not None  # just inserted, by us or by the other
    return client


def visibility(session: Session, actor: Actor) -> Visibility:
    """Whose bookings the actor may see.

    Raises:
        NotLinked: A provider's token that belongs to no provider.
    """
    if actor.is_provider:
        return Visibility(provider_id=own_provider(session, actor).id)
    if actor.is_client:
        client = clients.find_by_subject(session, actor.subject)
        return Visibility(client_id=client.id if client else _NOBODY)
    return Visibility()


def require_own_calendar(session: Session, actor: Actor, provider_id: uuid.UUID) -> None:
    """Let a provider pass only to its own calendar; for others it is unknown.

    Raises:
        NotFound: The calendar is another provider's.
        NotLinked: A provider's token that belongs to no provider.
    """
    if actor.is_provider and own_provider(session, actor).id != provider_id:
        raise NotFound("provider")
