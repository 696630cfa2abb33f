"""Which records are the actor's own."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor, Scope
from booking_service.domain.ids import new_id
from booking_service.errors import NotFound, NotLinked
from booking_service.models import Client, Provider
from booking_service.repositories import clients, providers
from booking_service.repositories.bookings import Sight, Visibility


def own_provider(session: Session, actor: Actor) -> Provider:
    """The provider to whom the actor's subject is linked.

    Raises:
        NotLinked: There is none.
    """
    provider = providers.find_by_subject(session, actor.subject)
    if provider is None:
        raise NotLinked
    return provider


def require_linked(session: Session, actor: Actor) -> None:
    """Make sure that a provider's token belongs to one.

    Raises:
        NotLinked: It does not.
    """
    if actor.is_provider:
        own_provider(session, actor)


def own_client(session: Session, actor: Actor, now: dt.datetime) -> Client:
    """The actor's own record, made on first use."""
    client = clients.find_by_subject(session, actor.subject)
    if client is None:
        # Two first requests at once make one record.
        session.execute(
            insert(Client)
            .values(
                id=new_id(),
                subject=actor.subject,
                version=1,
                notification_channels=[],
                created_at=now,
                updated_at=now,
            )
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
    if actor.scope is Scope.ALL:
        return Visibility()
    if actor.is_provider:
        return Visibility(Sight.PROVIDERS, own_provider(session, actor).id)
    return Visibility(Sight.CLIENTS, actor.subject)


def served_by(session: Session, actor: Actor) -> uuid.UUID | None:
    """The provider whose clients alone the actor may see; None: all.

    Raises:
        NotLinked: A provider's token that belongs to no provider.
    """
    return None if actor.scope is Scope.ALL else own_provider(session, actor).id


def require_calendar(session: Session, actor: Actor, provider_id: uuid.UUID) -> None:
    """Make sure that a provider exists and that the actor may see its calendar.

    Raises:
        NotFound: There is none, or it is not the actor's own.
        NotLinked: A provider's token that belongs to no provider.
    """
    providers.require_known(session, {provider_id})
    if actor.scope is Scope.OWN and own_provider(session, actor).id != provider_id:
        raise NotFound("provider")
