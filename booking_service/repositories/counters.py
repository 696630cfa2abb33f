"""Counters that say when what is free has changed."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    Select,
    Uuid,
    any_,
    bindparam,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from booking_service.models import RULES, ScheduleCounter, ServiceProvider

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
_OF_PROVIDERS = _VALUES.where(
    _COUNTER.resource_id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)
_OF_SERVICE = _VALUES.where(
    (_COUNTER.resource_id == RULES)
    | _COUNTER.resource_id.in_(
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
        service_id: Whose providers count if none are named.
        provider_ids: Those who are asked for; none means anyone.

    Returns:
        The values by resource, that of ``RULES`` among them; one that was never
        raised is left out.
    """
    if provider_ids:
        rows = session.execute(_OF_PROVIDERS, {"ids": [RULES, *provider_ids]})
    else:
        rows = session.execute(_OF_SERVICE, {"service": service_id})
    return {row.resource_id: row.value for row in rows}


def raised_by(resources: Select[Any]) -> Insert:
    """A statement that raises the counters of what ``resources`` selects."""
    columns = ["resource_id", "value"]
    new = insert(ScheduleCounter).from_select(columns, resources.add_columns(literal(1)))
    return _raising(new)


def of_rules(session: Session) -> int:
    """The counter of the shop's rules."""
    return session.execute(_OF_RULES).scalar_one_or_none() or 0
