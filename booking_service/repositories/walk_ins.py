"""Those who come without a booking."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Float,
    Select,
    Table,
    Uuid,
    and_,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import cast as cast_number
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking_service.domain.walk_ins import QUEUED, WalkInStatus
from booking_service.errors import NotFound
from booking_service.models import Client, WalkIn
from booking_service.repositories.paging import Page, PageRequest, fetch_page

LIVE = (*QUEUED, WalkInStatus.IN_SERVICE)


@dataclass(frozen=True)
class WalkInFilters:
    """What a list of walk-ins is narrowed to; None is no limit.

    Attributes:
        subject: The login of the client whose own alone may be seen.
    """

    now: dt.datetime
    subject: str | None = None
    provider_id: uuid.UUID | None = None
    service_id: uuid.UUID | None = None
    statuses: Collection[WalkInStatus] = ()


def require(session: Session, walk_in_id: uuid.UUID, *, subject: str | None) -> WalkIn:
    """The walk-in.

    Args:
        session: A transaction pinned to the shop.
        walk_in_id: Which.
        subject: The login of the client whose own alone may be seen; None: all may.

    Raises:
        NotFound: There is none with this id that may be seen.
    """
    return _found(session.scalar(_by_id(walk_in_id, subject)))


def require_for_update(
    session: Session, walk_in_id: uuid.UUID, *, subject: str | None
) -> WalkIn:
    """The same, locked until the transaction ends.

    Raises:
        NotFound: There is none with this id that may be seen.
    """
    query = _by_id(walk_in_id, subject).with_for_update(key_share=True)
    return _found(session.scalar(query))


def find_for_update(session: Session, walk_in_id: uuid.UUID) -> WalkIn | None:
    """The walk-in, locked; None if it is gone."""
    return session.scalar(_by_id(walk_in_id, None).with_for_update(key_share=True))


def overdue_of(
    session: Session, client_id: uuid.UUID, *, now: dt.datetime
) -> Sequence[WalkIn]:
    """A client's walk-ins that have left by now, and of which nobody took note yet."""
    query = select(WalkIn).where(
        WalkIn.client_id == client_id,
        WalkIn.status.in_(QUEUED),
        WalkIn.expires_at <= now,
    )
    return session.scalars(query.with_for_update(key_share=True)).all()


def live(session: Session, *, now: dt.datetime) -> Sequence[WalkIn]:
    """Everybody who waits or is being served, in the order of the queue."""
    query = (
        select(WalkIn).where(WalkIn.status.in_(LIVE), _not_over(now))
        # Whose turn has come stands before those who wait.
        .order_by(WalkIn.called_at.nulls_last(), WalkIn.joined_at, WalkIn.id)
    )
    return session.scalars(query).all()


def count_waiting(session: Session, *, now: dt.datetime) -> int:
    """How many stand in the queue."""
    query = select(func.count()).where(WalkIn.status.in_(QUEUED), _not_over(now))
    return session.scalar(query) or 0


def any_live(
    session: Session,
    *,
    now: dt.datetime,
    provider_id: uuid.UUID | None = None,
    resource_id: uuid.UUID | None = None,
    service_id: uuid.UUID | None = None,
) -> bool:
    """Say whether somebody waits for something, or is being served by it."""
    query = select(WalkIn.id).where(WalkIn.status.in_(LIVE), _not_over(now))
    if provider_id is not None:
        query = query.where(WalkIn.provider_id == provider_id)
    if resource_id is not None:
        query = query.where(WalkIn.resource_ids.contains([resource_id]))
    if service_id is not None:
        query = query.where(WalkIn.service_id == service_id)
    return session.scalar(query.limit(1)) is not None


def page_of(session: Session, page: PageRequest, filters: WalkInFilters) -> Page[WalkIn]:
    """Walk-ins in the order in which they joined."""
    query = _own(select(WalkIn), filters.subject)
    if filters.provider_id is not None:
        query = query.where(WalkIn.provider_id == filters.provider_id)
    if filters.service_id is not None:
        query = query.where(WalkIn.service_id == filters.service_id)
    if filters.statuses:
        query = query.where(_is_now(filters.statuses, filters.now))
    return fetch_page(session, query, key=(WalkIn.joined_at, WalkIn.id), page=page)


@dataclass(frozen=True)
class Guess:
    """When one who waits is expected to be served."""

    walk_in_id: uuid.UUID
    p50: dt.datetime | None
    p90: dt.datetime | None


def keep_guesses(session: Session, guesses: Collection[Guess]) -> None:
    """Write down what was last told to those who still wait.

    It is no change of the walk-in: its version stays.
    """
    if not guesses:
        return
    moments = ARRAY(DateTime(timezone=True))
    told = func.unnest(
        literal([each.walk_in_id for each in guesses], ARRAY(Uuid)),
        literal([each.p50 for each in guesses], moments),
        literal([each.p90 for each in guesses], moments),
    ).table_valued("id", "p50", "p90")
    told = told.render_derived(name="told")
    table = cast(Table, WalkIn.__table__)
    # In one order, so that two who look at once do not wait for each other.
    waiting = (
        select(table.c.id)
        .join(told, told.c.id == table.c.id)
        .where(table.c.status.in_(QUEUED))
        .order_by(table.c.id)
        .with_for_update(of=table, key_share=True)
        .cte("waiting")
    )
    session.execute(
        update(table)
        .where(table.c.id == waiting.c.id, told.c.id == waiting.c.id)
        .values(latest_p50=told.c.p50, latest_p90=told.c.p90)
    )


@dataclass(frozen=True)
class Accuracy:
    """How estimates compare with what came; minutes.

    Attributes:
        median_error: Positive: one waited longer than was said.
        median_absolute_error: Of the same, without the sign.
        within_p90: The share of those served by the time that one in ten exceeds.
    """

    median_error: float | None
    median_absolute_error: float | None
    within_p90: float | None


def accuracy(
    session: Session, *, since: dt.datetime, until: dt.datetime
) -> tuple[int, Accuracy, Accuracy]:
    """How many were served of those who joined in a time, and how well it was foreseen.

    Returns:
        Their number, and the accuracy of the first and of the latest estimate.
    """
    query = select(
        func.count(),
        *_errors(WalkIn.first_p50, WalkIn.first_p90),
        *_errors(WalkIn.latest_p50, WalkIn.latest_p90),
    ).where(
        WalkIn.joined_at >= since,
        WalkIn.joined_at < until,
        WalkIn.started_at.is_not(None),
    )
    count, *figures = session.execute(query).one()
    return count, Accuracy(*figures[:3]), Accuracy(*figures[3:])


Moment = InstrumentedAttribute[dt.datetime | None]


def _errors(p50: Moment, p90: Moment) -> Sequence[ColumnElement[Any]]:
    late = extract("epoch", WalkIn.started_at - p50) / 60.0
    told, in_time = func.count(p90), func.count().filter(WalkIn.started_at <= p90)
    return (
        func.percentile_cont(0.5).within_group(late),
        func.percentile_cont(0.5).within_group(func.abs(late)),
        cast_number(in_time, Float) / func.nullif(told, 0),
    )


def _by_id(walk_in_id: uuid.UUID, subject: str | None) -> Select[WalkIn]:
    return _own(select(WalkIn).where(WalkIn.id == walk_in_id), subject)


def _own(query: Select[WalkIn], subject: str | None) -> Select[WalkIn]:
    if subject is None:
        return query
    own = select(Client.id).where(Client.subject == subject)
    return query.where(WalkIn.client_id == own.scalar_subquery())


def _not_over(now: dt.datetime) -> ColumnElement[bool]:
    return or_(WalkIn.expires_at.is_(None), WalkIn.expires_at > now)


def _is_now(statuses: Collection[WalkInStatus], now: dt.datetime) -> ColumnElement[bool]:
    """Whether a walk-in has one of these statuses; who is over has left."""
    waiting = [each for each in statuses if each in QUEUED]
    settled = [each for each in statuses if each not in QUEUED]
    found = or_(
        and_(WalkIn.status.in_(waiting), _not_over(now)), WalkIn.status.in_(settled)
    )
    if WalkInStatus.LEFT in statuses:
        overdue = and_(WalkIn.status.in_(QUEUED), WalkIn.expires_at <= now)
        found = or_(found, overdue)
    return found


def _found(walk_in: WalkIn | None) -> WalkIn:
    if walk_in is None:
        raise NotFound("walk-in")
    return walk_in
