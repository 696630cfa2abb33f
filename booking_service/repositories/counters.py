"""Counters that say when what is free has changed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from booking_service.models import (
    RULES,
    Client,
    Resource,
    ScheduleCounter,
    Service,
    ServiceProvider,
    ShopSettings,
)

# In ``session.info``: the transaction has changed rules and may yet roll back.
UNSETTLED = "rules unsettled"


def _raising(new: Insert) -> Insert:
    return new.on_conflict_do_update(
        index_elements=[ScheduleCounter.resource_id],
        set_={"value": ScheduleCounter.value + literal_column("1")},
    )


# How the ids of days' counters begin.
_DAY = "00000000-0000-4000-8000-0000"
_RAISE = _raising(insert(ScheduleCounter))
_COUNTER = ScheduleCounter.__table__.c
_VALUES = select(_COUNTER.resource_id, _COUNTER.value)
_OF_RULES = select(_COUNTER.value).where(_COUNTER.resource_id == RULES)


def _values_for(providers: ColumnElement[bool]) -> Select[Any]:
    """The counters of rules, named ones, and what else speaks for a service."""
    service, resource = Service.__table__.c, Resource.__table__.c
    needed = (
        select(resource.id)
        .join_from(Resource, Service, resource.kind == any_(service.resource_kinds))
        .where(service.id == bindparam("service"))
    )
    own = select(Client.id).where(Client.subject == bindparam("subject", type_=Text))
    return _VALUES.where(
        or_(
            _COUNTER.resource_id == RULES,
            _COUNTER.resource_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
            _COUNTER.resource_id.in_(needed),
            _COUNTER.resource_id.in_(own),
            providers,
        )
    )


_OF_NAMED = _values_for(false())
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


def values_for(
    session: Session,
    *,
    service_id: uuid.UUID,
    provider_ids: Collection[uuid.UUID],
    days: Collection[dt.date],
    subject: str | None,
) -> dict[uuid.UUID, int]:
    """The counters that speak for the availability of a service.

    Args:
        session: A transaction pinned to the shop.
        service_id: Whose resources count, and whose providers if none are named.
        provider_ids: Those who are asked for; none means anyone.
        days: Local days that are asked for.
        subject: The client who asks, if one does.

    Returns:
        The values by resource, that of ``RULES`` among them; one that was never
        raised is left out.
    """
    query = _OF_NAMED if provider_ids else _OF_ANYONE
    ids = [*provider_ids, *map(day_counter, days)]
    names = {"service": service_id, "ids": ids, "subject": subject}
    return {row.resource_id: row.value for row in session.execute(query, names)}


def day_counter(day: dt.date) -> uuid.UUID:
    """The counter of a local day, raised where a cap of the whole shop holds."""
    return uuid.UUID(_DAY + day.isoformat().replace("-", ""))


def raised_by(taken: Select[Any]) -> Insert:
    """A statement that raises the counters of what is taken or given back, in order.

    Those of the resources; of the local day, where a cap of the whole shop holds; of
    the client, where it is limited. Two who raise the same ones do not wait for each
    other; each waits for whoever changed the same resource to be done.

    Args:
        taken: Selects the resources. If it finds none, nothing is raised. The other
            parameters are named ``touched_starts`` and ``touched_client``.
    """
    settings = ShopSettings.__table__.c
    found = taken.cte("touched")
    start = func.unnest(bindparam("touched_starts", type_=ARRAY(DateTime(timezone=True))))
    day = func.to_char(func.timezone(settings.timezone, start), "YYYYMMDD")
    of_day = select(cast(func.concat(_DAY, day), Uuid)).where(
        or_(
            settings.max_bookings_per_day.is_not(None),
            settings.max_booked_minutes_per_day.is_not(None),
        )
    )
    of_client = (
        select(bindparam("touched_client", type_=Uuid))
        .where(
            bindparam("touched_client", type_=Uuid).is_not(None),
            or_(
                settings.max_open_bookings_per_client.is_not(None),
                settings.max_holds_per_client.is_not(None),
            ),
        )
        .select_from(ShopSettings)
    )
    any_taken = select(found.c.resource_id).exists()
    everything = union(
        select(found.c.resource_id), of_day.where(any_taken), of_client.where(any_taken)
    ).subquery("raised")
    rows = select(everything.c[0], literal(1)).order_by(everything.c[0])
    return _raising(insert(ScheduleCounter).from_select(["resource_id", "value"], rows))


def touch(
    session: Session,
    resources: Collection[uuid.UUID],
    *,
    starts: Collection[dt.datetime],
    client_id: uuid.UUID | None,
) -> None:
    """Say that allocations have changed.

    Args:
        session: The transaction that changes them.
        resources: Of whom and of what.
        starts: The appointment's start, before and after.
        client_id: Whose appointment it is.
    """
    names = {
        "touched": list(resources),
        "touched_starts": list(starts),
        "touched_client": client_id,
    }
    session.execute(_TOUCH, names)


def of_rules(session: Session) -> int:
    """The counter of the shop's rules."""
    return session.execute(_OF_RULES).scalar_one_or_none() or 0


# Beside a statement of its own an insert may have parameters that name no column.
_TOUCH = select(literal(1)).add_cte(
    raised_by(
        select(func.unnest(bindparam("touched", type_=ARRAY(Uuid))).label("resource_id"))
    ).cte("raised")
)
