"""Taking, moving and giving back time: the only writer of ``allocations``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from booking_service.domain.availability import Offer
from booking_service.domain.ids import group_session, new_id
from booking_service.domain.localtime import instant, moment
from booking_service.domain.resources import Team
from booking_service.models import Allocation, Booking
from booking_service.repositories import allocations, counters, locks
from booking_service.repositories.allocations import Seat

_COLUMNS = Booking.__table__.c


@dataclass(frozen=True)
class Claim:
    """The time that an appointment is to take.

    Attributes:
        id: The booking's.
        team: Who and what is to be taken.
        offer: Duration, buffers and seats.
    """

    id: uuid.UUID
    service_id: uuid.UUID
    starts_at: dt.datetime
    team: Team
    offer: Offer


@dataclass(frozen=True)
class Outcome:
    """What became of a claim.

    Attributes:
        missed: Who and what was taken already; if anything was, nothing is changed.
        resource_ids: Those that were taken: a group start keeps its own.
    """

    missed: Collection[uuid.UUID]
    resource_ids: Sequence[uuid.UUID] = ()


def _insert_statement() -> ReturningInsert[Any]:
    """Take what is free of several resources, one after the other in their order."""
    columns = Allocation.__table__.c
    wanted = func.unnest(
        bindparam("allocation_ids", type_=ARRAY(Uuid)),
        bindparam("taken_ids", type_=ARRAY(Uuid)),
        bindparam("session_ids", type_=ARRAY(Uuid)),
        bindparam("seats", type_=ARRAY(Integer)),
    ).table_valued("id", "resource_id", "session_id", "seat")
    wanted = wanted.render_derived()
    rows = select(
        wanted.c.id,
        wanted.c.resource_id,
        wanted.c.session_id,
        wanted.c.seat,
        bindparam("blocked", type_=TSTZRANGE),
        bindparam("id", type_=Uuid),
    )
    names = ["id", "resource_id", "session_id", "seat", "blocked", "booking_id"]
    taken = insert(Allocation).from_select(names, rows)
    return taken.on_conflict_do_nothing().returning(columns.resource_id)


def _place_statement() -> Select[Any]:
    """Take the time; with it write the booking and raise the counters."""
    taken = _INSERT.cte("taken")
    given = [bindparam(each.key, type_=each.type).label(each.key) for each in _COLUMNS]
    booked = insert(Booking).from_select(
        [each.key for each in _COLUMNS],
        select(*given).where(select(taken.c.resource_id).exists()),
    )
    return select(taken.c.resource_id).add_cte(
        booked.cte("booked"),
        counters.raised_by(select(taken.c.resource_id)).cte("raised"),
    )


_INSERT = _insert_statement()
_TAKE = select(_INSERT.cte("taken").c.resource_id)
_PLACE = _place_statement()


def place(session: Session, booking: Booking, offer: Offer) -> Outcome:
    """Take the time of a new booking and write it, both or neither.

    If any of it is gone nothing is left, and another team can be tried in the same
    transaction.

    Args:
        session: A transaction pinned to the shop.
        booking: Complete, and not in the session: one statement writes it.
        offer: Its duration, buffers and seats.
    """
    team = Team(booking.provider_ids, tuple(booking.resource_ids))
    claim = Claim(booking.id, booking.service_id, booking.starts_at, team, offer)
    seats = _seats(session, claim)
    if seats is None:
        return Outcome(booking.provider_ids)
    booking.resource_ids = _resources(claim, seats)
    values = {column.key: getattr(booking, column.key) for column in _COLUMNS}
    several = len(seats) > 1
    with session.begin_nested() if several else nullcontext() as attempt:
        if several:
            locks.share_resources(session, [seat.resource_id for seat in seats])
        found = session.scalars(_PLACE, values | _binds(claim, seats))
        missed = {seat.resource_id for seat in seats}.difference(found)
        if missed and attempt is not None:
            attempt.rollback()
    return Outcome(missed, booking.resource_ids)


def relocate(session: Session, claim: Claim, *, previous: Collection[uuid.UUID]) -> Outcome:
    """Take a booking's new time and give back the old, as one change.

    Args:
        session: A transaction pinned to the shop.
        claim: The new time.
        previous: Who and what the booking has now.
    """
    seats = _seats(session, claim)
    if seats is None:
        return Outcome(claim.team.provider_ids)
    wanted = {seat.resource_id for seat in seats}
    with session.begin_nested() as attempt:
        locks.move_between(session, wanted.union(previous))
        session.execute(delete(Allocation).where(Allocation.booking_id == claim.id))
        missed = wanted.difference(session.scalars(_TAKE, _binds(claim, seats)))
        if missed:
            attempt.rollback()
        else:
            counters.raise_resources(session, wanted.union(previous))
    return Outcome(missed, _resources(claim, seats))


def release(session: Session, booking: Booking) -> None:
    """Give back all the time of a booking."""
    session.execute(delete(Allocation).where(Allocation.booking_id == booking.id))
    counters.raise_resources(session, {*booking.provider_ids, *booking.resource_ids})


def end_early(session: Session, booking: Booking, now: dt.datetime) -> None:
    """Give back what is left of a booking that is over before its time."""
    lower, upper = func.lower(Allocation.blocked), func.upper(Allocation.blocked)
    session.execute(
        update(Allocation)
        .where(Allocation.booking_id == booking.id)
        .values(blocked=func.tstzrange(lower, func.least(upper, now)))
    )
    counters.raise_resources(session, {*booking.provider_ids, *booking.resource_ids})


def _binds(claim: Claim, seats: Sequence[Seat]) -> dict[str, Any]:
    begins, ends = claim.offer.blocked(instant(claim.starts_at))
    return {
        "id": claim.id,
        "blocked": Range(moment(begins), moment(ends)),
        "allocation_ids": [new_id() for _ in seats],
        "taken_ids": [seat.resource_id for seat in seats],
        "session_ids": [seat.session_id for seat in seats],
        "seats": [seat.seat for seat in seats],
    }


def _seats(session: Session, claim: Claim) -> Sequence[Seat] | None:
    """What to take, in the order of resources; None if a group start is full."""
    team = claim.team
    if claim.offer.capacity == 1:
        return [Seat(claim.id, each, 0) for each in team.everyone]
    groups = {
        provider: group_session(provider, claim.service_id, claim.starts_at)
        for provider in team.provider_ids
    }
    locks.seat_groups(session, groups.values())
    present = allocations.seats(session, groups.values())
    seats: list[Seat] = []
    for provider, group in groups.items():
        taken = {each.seat for each in present if each.resource_id == provider}
        if len(taken) >= claim.offer.capacity:
            return None
        free = next(seat for seat in range(claim.offer.capacity) if seat not in taken)
        seats.append(Seat(group, provider, free))
    leader = seats[0]
    own = {each.resource_id for each in present if each.session_id == leader.session_id}
    own.discard(leader.resource_id)
    resources = own if own and team.resource_ids else team.resource_ids
    seats += [Seat(leader.session_id, each, leader.seat) for each in resources]
    return sorted(seats, key=lambda seat: seat.resource_id)


def _resources(claim: Claim, seats: Sequence[Seat]) -> list[uuid.UUID]:
    providers = claim.team.provider_ids
    return [seat.resource_id for seat in seats if seat.resource_id not in providers]
