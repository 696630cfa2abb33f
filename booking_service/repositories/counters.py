"""Counters that say when what is free has changed."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.models import (
    RULES,
    Provider,
    ScheduleCounter,
    ServiceProvider,
)

_RAISE = insert(ScheduleCounter).on_conflict_do_update(
    index_elements=[ScheduleCounter.resource_id],
    set_={"value": ScheduleCounter.value + literal_column("1")},
)
_VALUES = select(ScheduleCounter.resource_id, ScheduleCounter.value)
_OF_PROVIDERS = _VALUES.where(
    ScheduleCounter.resource_id.in_(bindparam("ids", expanding=True))
)
_OF_SERVICE = _VALUES.where(
    (ScheduleCounter.resource_id == RULES)
    | ScheduleCounter.resource_id.in_(
        select(Provider.id)
        .join(Provider.offers)
        .where(ServiceProvider.service_id == bindparam("service"))
    )
)


def raise_rules(session: Session) -> None:
    """Say that the shop's rules have changed."""
    session.execute(_RAISE, {"resource_id": RULES, "value": 1})


def raise_resources(session: Session, resources: Collection[uuid.UUID]) -> None:
    """Say that allocations of resources have changed.

    In sorted order, so that two who raise the same ones do not wait for each
    other; each waits for whoever changed the same resource to be done.
    """
    for resource in sorted(resources):
        session.execute(_RAISE, {"resource_id": resource, "value": 1})


def values_for(
    session: Session, *, service_id: uuid.UUID, provider_ids: Collection[uuid.UUID]
) -> list[tuple[uuid.UUID, int]]:
    """The counters that speak for the availability of a service.

    Args:
        session: A transaction pinned to the shop.
        service_id: Whose providers count if none are named.
        provider_ids: Those who are asked for; none means anyone.

    Returns:
        Resources with their values, in the order of their ids; one that was never
        allocated is left out.
    """
    if provider_ids:
        rows = session.execute(_OF_PROVIDERS, {"ids": [RULES, *provider_ids]})
    else:
        rows = session.execute(_OF_SERVICE, {"service": service_id})
    return sorted((row.resource_id, row.value) for row in rows)
