"""Wall-clock time and instants.

Instants are whole seconds since 1970 in UTC; a span is a half-open pair of
them. A wall time is a local date and minutes since its midnight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

Span = tuple[int, int]

MINUTE = 60
DAY = 86_400
MINUTES_A_DAY = 1440

# Dates outside are not converted, since Python's own range ends beside them.
FIRST_DATE = dt.date(1, 1, 3)
LAST_DATE = dt.date(9999, 12, 28)
FIRST_INSTANT = dt.datetime(1, 1, 3, tzinfo=dt.UTC)
LAST_INSTANT = dt.datetime(9999, 12, 28, tzinfo=dt.UTC)
_FIRST, _LAST = int(FIRST_INSTANT.timestamp()), int(LAST_INSTANT.timestamp())


def instant(moment: dt.datetime) -> int:
    """Whole seconds since 1970 of an aware datetime; fractions are cut off."""
    return int(moment.timestamp() // 1)


def ceiling(moment: dt.datetime) -> int:
    """Whole seconds since 1970, a fraction counting as a second."""
    return -int(-moment.timestamp() // 1)


def rfc3339(moment: dt.datetime) -> str:
    """A moment in UTC as RFC 3339 writes it, with ``Z``."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def rfc3339_or_none(moment: dt.datetime | None) -> str | None:
    """The same of a moment that may not have come."""
    return None if moment is None else rfc3339(moment)


def moment(instant: int) -> dt.datetime:
    """The aware datetime, in UTC, of whole seconds since 1970."""
    return dt.datetime.fromtimestamp(_convertible(instant), dt.UTC)


def wall_instant(date: dt.date, minutes: int, zone: ZoneInfo) -> int:
    """The instant of a wall time.

    A time that a clock change skips moves forward by the length of the gap; one
    that occurs twice means the first (RFC 5545 §3.3.5 reads both the same way).

    Args:
        date: The local date.
        minutes: Since midnight, 1440 being the next date's midnight.
        zone: The shop's.
    """
    days, rest = divmod(minutes, MINUTES_A_DAY)
    clock = dt.time(rest // 60, rest % 60)
    day = min(max(date, FIRST_DATE), LAST_DATE) + dt.timedelta(days=days)
    return int(dt.datetime.combine(day, clock, zone).timestamp())


def local_date(instant: int, zone: ZoneInfo) -> dt.date:
    """The date in ``zone`` at an instant."""
    return dt.datetime.fromtimestamp(_convertible(instant), zone).date()


def _convertible(instant: int) -> int:
    return min(max(instant, _FIRST), _LAST)


def day_span(date: dt.date, zone: ZoneInfo) -> Span:
    """From one local midnight to the next: 23 to 25 hours."""
    return wall_instant(date, 0, zone), wall_instant(date, MINUTES_A_DAY, zone)


def dates_between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Every date from ``first`` to ``last``, both included."""
    for days in range((last - first).days + 1):
        yield first + dt.timedelta(days=days)


def clamped(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC, or the nearest one that every zone can express."""
    try:
        in_utc = moment.astimezone(dt.UTC)
    except OverflowError:
        return FIRST_INSTANT if moment.year == 1 else LAST_INSTANT
    return min(max(in_utc, FIRST_INSTANT), LAST_INSTANT)
