"""Counters that say when what is free has changed."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    any_,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from booking_service.models import (
    RULES,
    Resource,
    ScheduleCounter,
    Service,
    ServiceProvider,
)

# In ``session.info``: the transaction has changed rules and may yet roll back.
UNSETTLED = "rules unsettled"


def _raising(new: Insert) -> Insert:
    return new.on_conflict_do_update(
        index_elements=[ScheduleCounter.resource_id],
        set_={"value": ScheduleCounter.value + literal_column("1")},
    )


_RAISE = _raising(insert(ScheduleCounter))
_COUNTER = ScheduleCounter.__table__.c
_VALUES = select(_COUNTER.resource_id, _COUNTER.value)
_OF_RULES = select(_COUNTER.value).where(_COUNTER.resource_id == RULES)


def _values_for(providers: ColumnElement[bool]) -> Select[Any]:
    """The counters of rules, of some providers and of what a service needs beside."""
    service, resource = Service.__table__.c, Resource.__table__.c
    needed = (
        select(resource.id)
        .join_from(Resource, Service, resource.kind == any_(service.resource_kinds))
        .where(service.id == bindparam("service"))
    )
    return _VALUES.where(
        or_(_COUNTER.resource_id == RULES, providers, _COUNTER.resource_id.in_(needed))
    )


_OF_NAMED = _values_for(_COUNTER.resource_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
_OF_ANYONE = _values_for(
    _COUNTER.resource_id.in_(
        select(ServiceProvider.__table__.c.provider_id).where(
            ServiceProvider.__table__.c.service_id == bindparam("service")
        )
    )
)


def raise_rules(session: Session) -> None:
    """Say that the shop's rules have changed.

    Until it commits the new number may still be given to another change.
    """
    session.info[UNSETTLED] = True
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
) -> dict[uuid.UUID, int]:
    """The counters that speak for the availability of a service.

    Args:
        session: A transaction pinned to the shop.
        service_id: Whose resources count, and whose providers if none are named.
        provider_ids: Those who are asked for; none means anyone.

    Returns:
        The values by resource, that of ``RULES`` among them; one that was never
        raised is left out.
    """
    names: dict[str, object] = {"service": service_id}
    if provider_ids:
        rows = session.execute(_OF_NAMED, {**names, "ids": list(provider_ids)})
    else:
        rows = session.execute(_OF_ANYONE, names)
    return {row.resource_id: row.value for row in rows}


def raised_by(resources: Select[Any]) -> Insert:
    """A statement that raises the counters of what ``resources`` selects, in order."""
    columns = ["resource_id", "value"]
    in_order = resources.add_columns(literal(1)).order_by(literal_column("1"))
    new = insert(ScheduleCounter).from_select(columns, in_order)
    return _raising(new)


def of_rules(session: Session) -> int:
    """The counter of the shop's rules."""
    return session.execute(_OF_RULES).scalar_one_or_none() or 0
