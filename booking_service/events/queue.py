"""The relay's side of the outbox: claim, number, hand out, mark.

Everything here runs as the relay's role, in one cell.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.events.cloudevents import CloudEvent
from tenants.database import BoundShop
from tenants.models import ShopRecord, leases, outbox, shop_roles, timers
from tenants.registry import bound

# Few enough to be delivered within a lease.
BATCH = 50

# Events of a booking are recorded while its row is locked, so that their times
# are in the order of their sequence; a shop's number goes up by one for each.
_NUMBER = text("""
    with fresh as (
        select id, recorded_at,
               row_number() over (order by recorded_at, sequence) as place
        from control.outbox
        where number is null and shop_role = :role
    ), counted as (
        update control.shop_roles
        set last_event_number = last_event_number + f.fresh
        from (select count(*) as fresh from fresh) f
        where name = :role
        returning last_event_number - f.fresh as before
    )
    update control.outbox o
    set number = c.before + f.place
    from fresh f cross join counted c
    where o.id = f.id and o.recorded_at = f.recorded_at and o.number is null
    """)


def shops_with_events(session: Session) -> Sequence[str]:
    """The roles of shops with events that were not delivered yet."""
    query = select(outbox.c.shop_role).where(outbox.c.delivered_at.is_(None)).distinct()
    return session.scalars(query.order_by(outbox.c.shop_role)).all()


def take_lease(session: Session, name: str, holder: uuid.UUID, term: dt.timedelta) -> bool:
    """Take or prolong a lease; False if another relay has it.

    The database's clock decides, since relays' clocks may differ.
    """
    expires_at = func.clock_timestamp() + term
    statement = insert(leases).values(name=name, holder=holder, expires_at=expires_at)
    statement = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": holder, "expires_at": expires_at},
        where=(leases.c.holder == holder) | (leases.c.expires_at < func.clock_timestamp()),
    )
    taken = session.execute(statement.returning(leases.c.name))
    return taken.scalar_one_or_none() is not None


def number(session: Session, role: str) -> None:
    """Give a shop's new events their numbers."""
    session.execute(_NUMBER, {"role": role})


def undelivered(session: Session, role: str) -> Sequence[CloudEvent]:
    """A shop's numbered events that were not delivered, in order."""
    query = (
        select(outbox, shop_roles.c.shop_id)
        .join(shop_roles, shop_roles.c.name == outbox.c.shop_role)
        .where(
            outbox.c.shop_role == role,
            outbox.c.delivered_at.is_(None),
            outbox.c.number.is_not(None),
        )
        .order_by(outbox.c.number)
        .limit(BATCH)
    )
    return [
        CloudEvent(
            id=row.id,
            shop_id=row.shop_id,
            type=row.type,
            subject=row.subject,
            sequence=row.sequence,
            number=row.number,
            occurred_at=row.occurred_at,
            payload=row.payload,
        )
        for row in session.execute(query)
    ]


def mark_delivered(session: Session, events: Collection[CloudEvent]) -> None:
    """Remember that the destinations have these events."""
    session.execute(
        update(outbox)
        .where(outbox.c.id.in_([event.id for event in events]))
        .values(delivered_at=func.clock_timestamp())
    )


def forget_words(session: Session, role: str, event: CloudEvent) -> None:
    """Remove what events say in people's words of a client who was erased.

    Args:
        session: The relay's.
        role: The shop's.
        event: That the client was erased.
    """
    statement = (
        update(outbox)
        .where(
            outbox.c.shop_role == role,
            outbox.c.payload["client_id"].astext == str(event.subject),
            outbox.c.payload["reason"].astext.is_not(None),
        )
        .values(payload=func.jsonb_set(outbox.c.payload, "{reason}", text("'null'")))
    )
    session.execute(statement)


def due_timers(session: Session, now: dt.datetime) -> Sequence[tuple[uuid.UUID, str]]:
    """The timers whose time has come: their ids and their shops' roles."""
    query = select(timers.c.id, timers.c.shop_role).where(timers.c.due_at <= now)
    rows = session.execute(query.order_by(timers.c.due_at).limit(BATCH))
    return [(row.id, row.shop_role) for row in rows]


def lock_timer(session: Session, timer_id: uuid.UUID) -> tuple[str, uuid.UUID, int] | None:
    """Its kind, subject and schedule version; None if another relay has it."""
    query = select(timers.c.kind, timers.c.subject, timers.c.schedule_version)
    query = query.where(timers.c.id == timer_id).with_for_update(skip_locked=True)
    row = session.execute(query).one_or_none()
    return (row.kind, row.subject, row.schedule_version) if row else None


def postpone_timer(session: Session, timer_id: uuid.UUID, until: dt.datetime) -> None:
    """Have a timer that could not be seen to come up again later."""
    session.execute(update(timers).where(timers.c.id == timer_id).values(due_at=until))


def drop_timer(session: Session, timer_id: uuid.UUID) -> None:
    """Remove a timer that was seen to."""
    session.execute(delete(timers).where(timers.c.id == timer_id))


def find_shop(session: Session, role: str) -> BoundShop | None:
    """The shop whose role this is; None if it is gone."""
    record = session.scalar(select(ShopRecord).where(ShopRecord.role == role))
    return bound(record) if record else None
