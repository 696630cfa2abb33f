"""Taking, moving and giving back time: the only writer of ``allocations``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from booking_service.domain.availability import Offer
from booking_service.domain.ids import group_session, new_id
from booking_service.domain.localtime import instant
from booking_service.domain.resources import Team
from booking_service.models import Allocation, Booking, Hold, WalkIn
from booking_service.repositories import allocations, counters, locks
from booking_service.repositories.allocations import Seat

# What takes time, and the column of an allocation that names it.
CAUSES: dict[type[Booking | Hold | WalkIn], str] = {
    Booking: "booking_id",
    Hold: "hold_id",
    WalkIn: "walk_in_id",
}


@dataclass(frozen=True)
class Claim:
    """The time that an appointment is to take.

    Attributes:
        id: The booking's or the hold's.
        client_id: Whose appointment it is, if that is known.
        expires_at: When a hold ends; None if it is none.
        team: Who and what is to be taken.
        offer: Duration, buffers and seats.
        starts_at: Of a walk-in to the microsecond: it begins when it begins.
    """

    id: uuid.UUID
    service_id: uuid.UUID
    starts_at: dt.datetime
    team: Team
    offer: Offer
    client_id: uuid.UUID | None
    expires_at: dt.datetime | None = None

    @property
    def blocked(self) -> Range[dt.datetime]:
        """The appointment and its buffers."""
        ends = dt.timedelta(seconds=self.offer.duration + self.offer.buffer_after)
        before = dt.timedelta(seconds=self.offer.buffer_before)
        return Range(self.starts_at - before, self.starts_at + ends)


@dataclass(frozen=True)
class Outcome:
    """What became of a claim.

    Attributes:
        missed: Who and what was taken already; if anything was, nothing is changed.
        resource_ids: Those that were taken: a group start keeps its own.
    """

    missed: Collection[uuid.UUID]
    resource_ids: Sequence[uuid.UUID] = ()


def _insert_statement(cause: str) -> ReturningInsert[Any]:
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
        bindparam("expires_at", type_=columns.expires_at.type),
        bindparam("id", type_=Uuid),
    )
    names = ["id", "resource_id", "session_id", "seat", "blocked", "expires_at", cause]
    taken = insert(Allocation).from_select(names, rows)
    return taken.on_conflict_do_nothing().returning(columns.resource_id)


def _place_statement(model: type[Booking | Hold]) -> Select[Any]:
    """Take the time; with it write the booking or hold and raise the counters."""
    taken = _insert_statement(CAUSES[model]).cte("taken")
    columns = model.__table__.c
    given = [bindparam(each.key, type_=each.type).label(each.key) for each in columns]
    written = insert(model).from_select(
        [each.key for each in columns],
        select(*given).where(select(taken.c.resource_id).exists()),
    )
    return select(taken.c.resource_id).add_cte(
        written.cte("written"),
        counters.raised_by(select(taken.c.resource_id)).cte("raised"),
    )


def _take_statement(model: type[Booking | WalkIn]) -> Select[Any]:
    return select(_insert_statement(CAUSES[model]).cte("taken").c.resource_id)


_TAKE = _take_statement(Booking)
_BEGIN = _take_statement(WalkIn)
_PLACE = {model: _place_statement(model) for model in (Booking, Hold)}


def place(
    session: Session, appointment: Booking | Hold, offer: Offer, *, now: dt.datetime
) -> Outcome:
    """Take the time of a new booking or hold and write it, both or neither.

    If any of it is gone nothing is left, and another team can be tried in the same
    transaction.

    Args:
        session: A transaction pinned to the shop.
        appointment: Complete, and not in the session: one statement writes it.
        offer: Its duration, buffers and seats.
        now: Holds that have expired by then make way.
    """
    claim = Claim(
        id=appointment.id,
        service_id=appointment.service_id,
        starts_at=appointment.starts_at,
        team=Team(appointment.provider_ids, tuple(appointment.resource_ids)),
        offer=offer,
        client_id=appointment.client_id,
        expires_at=appointment.expires_at if isinstance(appointment, Hold) else None,
    )
    seats = _seats(session, claim, now)
    if seats is None:
        return Outcome(claim.team.provider_ids)
    appointment.resource_ids = _resources(claim, seats)
    model = type(appointment)
    values = {column.key: getattr(appointment, column.key) for column in model.__table__.c}
    touched = {"touched_starts": [claim.starts_at], "touched_client": claim.client_id}
    several = len(seats) > 1

    def attempt() -> Collection[uuid.UUID]:
        with session.begin_nested() if several else nullcontext() as nested:
            if several:
                locks.share_resources(session, [seat.resource_id for seat in seats])
            found = session.scalars(_PLACE[model], values | _binds(claim, seats) | touched)
            missed = {seat.resource_id for seat in seats}.difference(found)
            if missed and nested is not None:
                nested.rollback()
        return missed

    missed = attempt()
    if missed and _clear(session, claim, now):
        missed = attempt()
    return Outcome(missed, appointment.resource_ids)


def relocate(
    session: Session,
    claim: Claim,
    *,
    previous: Collection[uuid.UUID],
    left: dt.datetime,
    now: dt.datetime,
) -> Outcome:
    """Take a booking's new time and give back the old, as one change.

    Args:
        session: A transaction pinned to the shop.
        claim: The new time.
        previous: Who and what the booking has now.
        left: Its start until now.
        now: Holds that have expired by then make way.
    """
    seats = _seats(session, claim, now)
    if seats is None:
        return Outcome(claim.team.provider_ids)
    wanted = {seat.resource_id for seat in seats}
    everyone = wanted.union(previous)

    def attempt() -> Collection[uuid.UUID]:
        with session.begin_nested() as nested:
            locks.move_between(session, everyone)
            session.execute(delete(Allocation).where(Allocation.booking_id == claim.id))
            missed = wanted.difference(session.scalars(_TAKE, _binds(claim, seats)))
            if missed:
                nested.rollback()
        return missed

    missed = attempt()
    if missed and _clear(session, claim, now):
        missed = attempt()
    if not missed:
        starts = [left, claim.starts_at]
        counters.touch(session, everyone, starts=starts, client_id=claim.client_id)
    return Outcome(missed, _resources(claim, seats))


def begin(session: Session, claim: Claim) -> Collection[uuid.UUID]:
    """Take the time of a walk-in that begins now; nothing if any of it is gone.

    Returns:
        Who and what was taken already.
    """
    seats = _own_seats(claim)
    wanted = {each.resource_id for each in seats}

    def attempt() -> Collection[uuid.UUID]:
        with session.begin_nested() as nested:
            locks.share_resources(session, wanted)
            missed = wanted.difference(session.scalars(_BEGIN, _binds(claim, seats)))
            if missed:
                nested.rollback()
        return missed

    missed = attempt()
    if missed and _clear(session, claim, claim.starts_at):
        missed = attempt()
    if not missed:
        counters.touch(session, wanted, starts=[], client_id=None)
    return missed


def honour(session: Session, hold: Hold, booking: Booking) -> None:
    """Let a booking have the time of the hold that it cites.

    Args:
        session: A transaction pinned to the shop.
        hold: Locked; gone afterwards.
        booking: Complete, for the same time and team; is written.
    """
    session.add(booking)
    session.flush()  # allocations refer to it
    alone = Allocation.session_id == hold.id
    session.execute(
        update(Allocation)
        .where(Allocation.hold_id == hold.id)
        .values(
            booking_id=booking.id,
            session_id=case((alone, booking.id), else_=Allocation.session_id),
            hold_id=None,
            expires_at=None,
        )
    )
    session.delete(hold)
    _touch(session, booking)


def release(session: Session, appointment: Booking | Hold) -> None:
    """Give back all the time of a booking or a hold."""
    session.execute(delete(Allocation).where(_is_of(appointment)))
    _touch(session, appointment)


def end_early(session: Session, visit: Booking | WalkIn, now: dt.datetime) -> None:
    """Give back what is left of a visit that is over before its time."""
    lower, upper = func.lower(Allocation.blocked), func.upper(Allocation.blocked)
    # What ends in the instant of its beginning has taken no time.
    session.execute(delete(Allocation).where(_is_of(visit), lower >= now))
    session.execute(
        update(Allocation)
        .where(_is_of(visit))
        .values(blocked=func.tstzrange(lower, func.least(upper, now)))
    )
    _touch(session, visit)


def _is_of(taker: Booking | Hold | WalkIn) -> ColumnElement[bool]:
    cause: ColumnElement[uuid.UUID] = getattr(Allocation, CAUSES[type(taker)])
    return cause == taker.id


def _touch(session: Session, taker: Booking | Hold | WalkIn) -> None:
    # Walk-ins count towards no cap and no client's limit.
    booked = None if isinstance(taker, WalkIn) else taker
    counters.touch(
        session,
        [*taker.provider_ids, *taker.resource_ids],
        starts=[booked.starts_at] if booked else [],
        client_id=booked.client_id if booked else None,
    )


def _clear(session: Session, claim: Claim, now: dt.datetime) -> bool:
    """Remove expired holds that are in the way; say whether there were any."""
    span = claim.offer.blocked(instant(claim.starts_at))
    return allocations.clear_expired(session, claim.team.everyone, span, now=now)


def _binds(claim: Claim, seats: Sequence[Seat]) -> dict[str, Any]:
    return {
        "id": claim.id,
        "expires_at": claim.expires_at,
        "blocked": claim.blocked,
        "allocation_ids": [new_id() for _ in seats],
        "taken_ids": [seat.resource_id for seat in seats],
        "session_ids": [seat.session_id for seat in seats],
        "seats": [seat.seat for seat in seats],
    }


def _seats(session: Session, claim: Claim, now: dt.datetime) -> Sequence[Seat] | None:
    """What to take, in the order of resources; None if a group start is full."""
    team = claim.team
    if claim.offer.capacity == 1:
        return _own_seats(claim)
    groups = {
        provider: group_session(provider, claim.service_id, claim.starts_at)
        for provider in team.provider_ids
    }
    locks.seat_groups(session, groups.values())
    _clear(session, claim, now)
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


def _own_seats(claim: Claim) -> Sequence[Seat]:
    return [Seat(claim.id, each, 0) for each in claim.team.everyone]


def _resources(claim: Claim, seats: Sequence[Seat]) -> list[uuid.UUID]:
    providers = claim.team.provider_ids
    return [seat.resource_id for seat in seats if seat.resource_id not in providers]
