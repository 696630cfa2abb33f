"""Those who serve."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from booking_service.errors import HasFutureBookings
from booking_service.models import Provider, ServiceProvider
from booking_service.repositories import bookings, locks, providers, services, walk_ins
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.violations import written


def list_providers(
    session: Session, *, page: PageRequest, service_id: uuid.UUID | None
) -> Page[Provider]:
    """The shop's providers, all or those that offer a service."""
    return providers.page_of(session, page, service_id=service_id)


def get_provider(session: Session, *, provider_id: uuid.UUID) -> Provider:
    """One provider.

    Raises:
        NotFound: There is none with this id.
    """
    return providers.require(session, provider_id)


def create_provider(
    session: Session, *, members: Mapping[str, Any], now: dt.datetime
) -> Provider:
    """Enter a provider, who works from the time its hours are entered.

    Raises:
        NotFound: It is said to offer a service that there is not.
        SubjectInUse: Another provider has the subject.
    """
    locks.change_schedule(session)
    own = {name: value for name, value in members.items() if name != "service_ids"}
    provider = Provider(created_at=now, updated_at=now, offers=[], **own)
    _set_offers(session, provider, members.get("service_ids", []))
    with written(session):
        session.add(provider)
    return provider


def update_provider(
    session: Session,
    *,
    provider_id: uuid.UUID,
    changes: Changes,
    guard: Guard[Provider],
    now: dt.datetime,
) -> Provider:
    """Change a provider; what is booked stays.

    Raises:
        NotFound: There is none with this id, or no service that it is to offer.
        SubjectInUse: Another provider has the subject.
    """
    locks.change_schedule(session)
    provider = providers.require(session, provider_id)
    guard(provider)
    own = {name: value for name, value in changes.items() if name != "service_ids"}
    with written(session):
        changed = bool(apply(provider, own))
        if "service_ids" in changes:
            changed |= _set_offers(session, provider, changes["service_ids"])
        if changed:
            touch(provider, now)
    return provider


def delete_provider(
    session: Session, *, provider_id: uuid.UUID, guard: Guard[Provider], now: dt.datetime
) -> None:
    """Take a provider out of the shop; past bookings stay.

    Raises:
        NotFound: There is none with this id.
        HasFutureBookings: Somebody is to be served.
    """
    locks.change_schedule(session)
    provider = providers.require(session, provider_id)
    guard(provider)
    if bookings.has_future(session, now=now, provider_id=provider_id):
        raise HasFutureBookings("Move or cancel the provider's bookings first.")
    if walk_ins.any_live(session, now=now, provider_id=provider_id):
        raise HasFutureBookings("Serve or send away the provider's walk-ins first.")
    provider.deleted_at = now
    session.flush()  # the answer is given when it is written


def _set_offers(
    session: Session, provider: Provider, service_ids: Sequence[uuid.UUID]
) -> bool:
    wanted = list(dict.fromkeys(service_ids))
    services.require_known(session, set(wanted))
    present = {offer.service_id: offer for offer in provider.offers}
    if set(present) == set(wanted):
        return False
    provider.offers = [
        present.get(service_id) or ServiceProvider(service_id=service_id)
        for service_id in wanted
    ]
    return True
