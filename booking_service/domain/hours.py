"""Working hours: periods of a week or a date, and the shifts they become."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from booking_service.domain.localtime import Span, dates_between, wall_instant


class Weekday(StrEnum):
    """The days by their English names, in the order of :meth:`datetime.date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of one local date, in minutes since midnight, with its breaks."""

    starts: int
    ends: int
    breaks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """A period on a certain date, in instants; starts step from its own start."""

    start: int
    end: int
    breaks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with entered hours, and where: the parts of a JSON pointer."""

    path: tuple[str | int, ...]
    detail: str


Week = Mapping[Weekday, Sequence[Period]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The week that is worked from a local date on, until the next plan begins."""

    effective_from: dt.date
    week: Week


def minutes_of(clock: str) -> int:
    """Minutes since midnight of ``HH:MM``, ``24:00`` being 1440."""
    return int(clock[:2]) * 60 + int(clock[3:])


def faults(periods: Sequence[tuple[tuple[str | int, ...], Period]]) -> list[Fault]:
    """What is wrong with the periods of one date, each given with its path.

    A period must have a length; its breaks must have one, lie inside it and not
    overlap; periods must not overlap. Periods that touch are fine.
    """
    found: list[Fault] = []
    for path, period in periods:
        if period.starts >= period.ends:
            found.append(Fault((*path, "ends"), "must be after starts"))
            continue
        found.extend(_break_faults(path, period))
    in_order = sorted(periods, key=lambda entry: (entry[1].starts, entry[1].ends))
    for (_, earlier), (path, later) in pairwise(in_order):
        if later.starts < earlier.ends:
            times = f"{_clock(earlier.starts)}–{_clock(earlier.ends)}"
            found.append(Fault(path, f"overlaps the period {times} of the same day"))
    return found


def _break_faults(path: tuple[str | int, ...], period: Period) -> Iterator[Fault]:
    for position, (starts, ends) in enumerate(period.breaks):
        place = (*path, "breaks", position)
        if starts >= ends:
            yield Fault((*place, "ends"), "must be after starts")
        elif starts < period.starts or ends > period.ends:
            yield Fault(place, "must lie inside its period")
    numbered = sorted(enumerate(period.breaks), key=lambda entry: entry[1])
    for (_, earlier), (position, later) in pairwise(numbered):
        if later[0] < earlier[1]:
            times = f"{_clock(earlier[0])}–{_clock(earlier[1])}"
            yield Fault((*path, "breaks", position), f"overlaps the break {times}")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def week_on(plans: Sequence[Plan], date: dt.date) -> Week:
    """The week that holds on a date.

    Args:
        plans: In the order of their first dates.
        date: A local date; before the first plan nothing is worked.
    """
    begun = bisect_right(plans, date, key=lambda plan: plan.effective_from)
    return plans[begun - 1].week if begun else {}


def shifts(
    plans: Sequence[Plan],
    overrides: Mapping[dt.date, Sequence[Period]],
    *,
    first: dt.date,
    last: dt.date,
    zone: ZoneInfo,
) -> list[Shift]:
    """The shifts of some dates.

    Args:
        plans: In the order of their first dates.
        overrides: Periods that replace the week's on their date; none: closed.
        first: The first local date.
        last: The last local date, included.
        zone: The shop's.

    Returns:
        Shifts in order. A period that a clock change leaves empty or inverted
        is not worked.
    """
    result: list[Shift] = []
    for date in dates_between(first, last):
        periods = overrides.get(date)
        if periods is None:
            periods = week_on(plans, date).get(WEEK[date.weekday()], ())
        for period in periods:
            start = wall_instant(date, period.starts, zone)
            end = wall_instant(date, period.ends, zone)
            if start < end:
                pauses = tuple(_pauses(period, date, zone)) if period.breaks else ()
                result.append(Shift(start, end, pauses))
    result.sort(key=lambda shift: (shift.start, shift.end))
    return result


def _pauses(period: Period, date: dt.date, zone: ZoneInfo) -> Iterator[Span]:
    for starts, ends in period.breaks:
        pause = wall_instant(date, starts, zone), wall_instant(date, ends, zone)
        if pause[0] < pause[1]:
            yield pause
