"""When an appointment can start.

One engine answers what is offered and why something is not: both read the same
:class:`Calendar`. Everything is in whole seconds since 1970 (UTC).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from booking_service.domain.hours import Shift
from booking_service.domain.localtime import Span
from booking_service.domain.resources import Pool, have_room, sets_left
from booking_service.domain.spans import (
    contained,
    covers,
    meets,
    merged,
    near,
    overlaps,
    subtracted,
)
from booking_service.domain.taken import Taken


class Reason(StrEnum):
    """What may stand against a start."""

    PAST = "past"
    NOTICE = "notice"
    HORIZON = "horizon"
    OUTSIDE_WORKING_HOURS = "outside_working_hours"
    OFF_GRID = "off_grid"
    BREAK = "break"
    TIME_OFF = "time_off"
    CLOSURE = "closure"
    BOOKING = "booking"
    BUFFER = "buffer"
    HOLD = "hold"
    CAPACITY = "capacity"
    RESOURCE = "resource"
    DAILY_CAP = "daily_cap"
    CLIENT_LIMIT = "client_limit"
    NOT_OFFERED = "not_offered"
    INACTIVE = "inactive"


# No instant lies outside.
EVER = -(1 << 62), 1 << 62
# These say that somebody else has the time; all others are rules of the shop.
TAKEN = frozenset(
    {Reason.BOOKING, Reason.BUFFER, Reason.HOLD, Reason.CAPACITY, Reason.RESOURCE}
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What is asked for, in seconds.

    Attributes:
        duration: Of the appointment.
        buffer_before: Kept free before it.
        buffer_after: Kept free after it.
        interval: Between starts within a shift.
        capacity: Seats at one start.
    """

    duration: int
    buffer_before: int
    buffer_after: int
    interval: int
    capacity: int = 1

    def appointment(self, start: int) -> Span:
        """The time of the client."""
        return start, start + self.duration

    def blocked(self, start: int) -> Span:
        """The time of the provider: the appointment and its buffers."""
        return start - self.buffer_before, start + self.duration + self.buffer_after


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which starts the shop's rules admit at all.

    Attributes:
        now: The request's instant.
        earliest: ``now`` plus the notice; the first admissible start.
        latest: The local midnight after the last day of the horizon; starts lie
            before it.
    """

    now: int
    earliest: int
    latest: int

    @property
    def notice(self) -> int:
        """How long before its start one can book, in seconds."""
        return self.earliest - self.now


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many more may be booked on each local day, under one cap.

    Attributes:
        untouched: On a day on which nothing is booked.
        days: What is left of those on which something is.
    """

    untouched: int
    days: Sequence[tuple[Span, int]]

    def left(self, start: int) -> int:
        """How many more may start on the day of ``start``."""
        return next(
            (left for day, left in self.days if day[0] <= start < day[1]), self.untouched
        )

    @property
    def full(self) -> list[Span]:
        """The time in which no more may start."""
        if self.untouched <= 0:
            return [EVER]
        return [day for day, left in self.days if left <= 0]


@dataclass(frozen=True)
class Calendar:
    """One provider's time around a window.

    Attributes:
        provider_id: Whose.
        shifts: In order, of every date that an appointment in question touches.
        time_off: The provider's absences.
        closures: The shop's.
        taken: The provider's allocations.
        allowances: One for each daily cap that holds.
    """

    provider_id: uuid.UUID
    shifts: Sequence[Shift]
    time_off: Sequence[Span] = ()
    closures: Sequence[Span] = ()
    taken: Sequence[Taken] = ()
    allowances: Sequence[Allowance] = ()

    @cached_property
    def working(self) -> list[Span]:
        """Working time, adjacent shifts joined."""
        return merged((shift.start, shift.end) for shift in self.shifts)

    @cached_property
    def breaks(self) -> list[Span]:
        """All breaks."""
        return merged(pause for shift in self.shifts for pause in shift.breaks)

    @cached_property
    def closed(self) -> list[Span]:
        """Breaks, absences and closures, in which nothing takes place."""
        return merged((*self.breaks, *self.time_off, *self.closures))

    @cached_property
    def busy(self) -> list[Span]:
        """All that is taken, buffers included."""
        return merged(each.span for each in self.taken)

    @cached_property
    def full_days(self) -> list[Span]:
        """The time in which a cap lets no more start."""
        return merged(day for allowance in self.allowances for day in allowance.full)

    def left_that_day(self, start: int) -> int | None:
        """How many more may start on the day of ``start``; None: no cap holds."""
        return min((each.left(start) for each in self.allowances), default=None)


class Opening(NamedTuple):
    """A start at one provider; a tuple, since thousands are made for one answer.

    Attributes:
        seats_left: There.
        has_room: It is a group start that has its resources already.
    """

    start: int
    provider_id: uuid.UUID
    seats_left: int
    has_room: bool = False


def openings(
    calendar: Calendar,
    offer: Offer,
    bounds: Bounds,
    window: Span,
    pools: Collection[Pool] = (),
) -> list[Opening]:
    """The starts in ``[window)`` at which the provider has time.

    Whether there are resources for all of them, too, is judged where the openings
    of several providers come together: ``pools`` only tell which group starts have
    theirs already.

    Returns:
        In order, each start once.
    """
    window = (max(window[0], bounds.earliest), min(window[1], bounds.latest))
    if window[0] >= window[1]:
        return []
    by_rule = _admissible(calendar, offer, window)
    if offer.capacity == 1:
        starts = _on_grid(calendar, offer, _clear_of(calendar.busy, offer, by_rule))
        return [Opening(start, calendar.provider_id, 1) for start in starts]
    return _group_openings(calendar, offer, by_rule, pools)


def _group_openings(
    calendar: Calendar, offer: Offer, by_rule: Sequence[Span], pools: Collection[Pool]
) -> list[Opening]:
    seats = Counter(taken.session for taken in calendar.taken)
    clear = set(_on_grid(calendar, offer, _clear_of(calendar.busy, offer, by_rule)))
    found = dict.fromkeys(clear, offer.capacity)
    for start in _on_grid(calendar, offer, by_rule):
        left = offer.capacity - seats.get(start, 0)
        if start in seats and left > 0 and not _others_overlap(calendar, offer, start):
            found[start] = left
    return [
        Opening(
            at,
            calendar.provider_id,
            min(left, _or_all(calendar.left_that_day(at), left)),
            have_room(pools, calendar.provider_id, at),
        )
        for at, left in sorted(found.items())
    ]


def _or_all(limit: int | None, everything: int) -> int:
    return everything if limit is None else limit


def reasons_against(
    calendar: Calendar,
    offer: Offer,
    bounds: Bounds,
    start: int,
    pools: Collection[Pool] = (),
) -> list[Reason]:
    """Everything that stands against a start; empty exactly if it is offered."""
    blocked = offer.blocked(start)
    found = [*_outside_bounds(bounds, start), *_outside_hours(calendar, offer, start)]
    for reason, spans in (
        (Reason.BREAK, calendar.breaks),
        (Reason.TIME_OFF, calendar.time_off),
        (Reason.CLOSURE, calendar.closures),
    ):
        if overlaps(blocked, spans):
            found.append(reason)
    found.extend(_collisions(calendar, offer, start))
    has_room = have_room(pools, calendar.provider_id, start)
    if not has_room and sets_left(pools, blocked) == 0:
        found.append(Reason.RESOURCE)
    if overlaps((start, start + 1), calendar.full_days):
        found.append(Reason.DAILY_CAP)
    return found


def fits(calendar: Calendar, appointment: Span, blocked: Span) -> bool:
    """Say whether an appointment lies where its provider works.

    Args:
        calendar: The provider's, around the appointment.
        appointment: Without buffers: must lie inside working time.
        blocked: With them: must not touch what is closed.
    """
    return contained(appointment, calendar.working) and not meets(blocked, calendar.closed)


def _outside_bounds(bounds: Bounds, start: int) -> Iterator[Reason]:
    if start < bounds.now:
        yield Reason.PAST
    elif start < bounds.earliest:
        yield Reason.NOTICE
    if start >= bounds.latest:
        yield Reason.HORIZON


def _outside_hours(calendar: Calendar, offer: Offer, start: int) -> Iterator[Reason]:
    if not covers(calendar.working, offer.appointment(start)):
        yield Reason.OUTSIDE_WORKING_HOURS
    elif start not in _on_grid(calendar, offer, [(start, start + 1)]):
        yield Reason.OFF_GRID


def _collisions(calendar: Calendar, offer: Offer, start: int) -> list[Reason]:
    appointment, blocked = offer.appointment(start), offer.blocked(start)
    found: set[Reason] = set()
    seats = 0
    for taken in calendar.taken:
        if offer.capacity > 1 and taken.session == start:
            seats += 1
        elif overlaps(blocked, [taken.span]):
            if taken.expires_at is not None:
                found.add(Reason.HOLD)
            elif overlaps(appointment, [taken.appointment]):
                found.add(Reason.BOOKING)
            else:
                found.add(Reason.BUFFER)
    if seats >= offer.capacity > 1:
        found.add(Reason.CAPACITY)
    return sorted(found, key=list(Reason).index)


def _others_overlap(calendar: Calendar, offer: Offer, start: int) -> bool:
    return overlaps(
        offer.blocked(start),
        (taken.span for taken in calendar.taken if taken.session != start),
    )


def _admissible(calendar: Calendar, offer: Offer, window: Span) -> list[Span]:
    """The starts that working time, breaks, absences and caps leave, as spans."""
    reach = offer.blocked(window[0])[0], offer.blocked(window[1])[1]
    working, closed = near(calendar.working, reach), near(calendar.closed, reach)
    inside = merged((start, end - offer.duration + 1) for start, end in working)
    inside = subtracted(inside, _starts_that_touch(closed, offer))
    inside = subtracted(inside, calendar.full_days)
    return subtracted(inside, [(EVER[0], window[0]), (window[1], EVER[1])])


def _clear_of(busy: Sequence[Span], offer: Offer, starts: Sequence[Span]) -> list[Span]:
    if not starts:
        return []
    reach = offer.blocked(starts[0][0])[0], offer.blocked(starts[-1][1])[1]
    return subtracted(starts, _starts_that_touch(near(busy, reach), offer))


def _starts_that_touch(spans: Iterable[Span], offer: Offer) -> list[Span]:
    """The starts whose appointment with buffers would share time with ``spans``."""
    before, after = offer.buffer_before, offer.duration + offer.buffer_after
    return merged((start - after + 1, end + before) for start, end in spans)


def _on_grid(calendar: Calendar, offer: Offer, starts: Sequence[Span]) -> list[int]:
    """The starts among ``starts`` that step from a shift's own start, in order."""
    found: set[int] = set()
    step = offer.interval
    position = 0
    for shift in calendar.shifts:
        while position and starts and starts[position - 1][1] > shift.start:
            position -= 1
        while position < len(starts) and starts[position][1] <= shift.start:
            position += 1
        for first, end in starts[position:]:
            if first >= shift.end:
                break
            steps = max(0, -(-(first - shift.start) // step))
            found.update(range(shift.start + steps * step, min(end, shift.end), step))
    return sorted(found)
