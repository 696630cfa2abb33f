"""The rules of availability, slow and obvious, to hold the engine against.

Every second of the small worlds that the tests make is asked on its own.
"""

from __future__ import annotations

from booking_service.domain.availability import Allowance, Bounds, Calendar, Offer
from booking_service.domain.taken import Taken


def seconds(span: tuple[int, int]) -> set[int]:
    return set(range(*span))


def is_offered(calendar: Calendar, offer: Offer, bounds: Bounds, start: int) -> bool:
    appointment = seconds((start, start + offer.duration))
    with_buffers = seconds(
        (start - offer.buffer_before, start + offer.duration + offer.buffer_after)
    )
    worked = {s for shift in calendar.shifts for s in range(shift.start, shift.end)}
    breaks = {
        s for shift in calendar.shifts for pause in shift.breaks for s in range(*pause)
    }
    away = {s for span in (*calendar.time_off, *calendar.closures) for s in range(*span)}
    others = [taken for taken in calendar.taken if not _same_group(taken, offer, start)]
    busy = {s for taken in others for s in range(*taken.span)}
    seats = sum(_same_group(taken, offer, start) for taken in calendar.taken)
    left = [_left(allowance, start) for allowance in calendar.allowances]
    on_grid = any(
        shift.start <= start < shift.end and (start - shift.start) % offer.interval == 0
        for shift in calendar.shifts
    )
    return (
        bounds.earliest <= start < bounds.latest
        and on_grid
        and appointment <= worked
        and not with_buffers & (breaks | away | busy)
        and all(each > 0 for each in left)
        and seats < offer.capacity
    )


def _same_group(taken: Taken, offer: Offer, start: int) -> bool:
    return offer.capacity > 1 and taken.session == start


def _left(allowance: Allowance, start: int) -> int:
    if allowance.untouched <= 0:
        return 0
    of_that_day = [left for day, left in allowance.days if start in seconds(day)]
    return min(of_that_day, default=allowance.untouched)
