"""Dates and times as JSON writes them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from booking_service.domain.localtime import clamped

_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_instant(text: str) -> dt.datetime:
    """The instant of an RFC 3339 date-time, in UTC.

    At the far ends of the calendar, where not every zone can express it, the
    nearest instant that can be expressed stands for it.

    Raises:
        ValueError: It is none, or names no moment (a leap second, offset 24:00).
    """
    return clamped(_as_written(text))


def parse_window(first: str, last: str) -> tuple[dt.datetime, dt.datetime] | None:
    """Two RFC 3339 date-times in UTC; None if the second is not after the first.

    Raises:
        ValueError: One is no date-time.
    """
    # Compared as written: at the ends of the calendar both may be clamped to one.
    starts, ends = _as_written(first), _as_written(last)
    return (clamped(starts), clamped(ends)) if starts < ends else None


def _as_written(text: str) -> dt.datetime:
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("not an RFC 3339 date-time")
    return dt.datetime.fromisoformat(text.upper())


def parse_date(text: str) -> dt.date:
    """The date of an RFC 3339 full-date.

    Raises:
        ValueError: It is none.
    """
    if not _DATE.fullmatch(text):
        raise ValueError("not an RFC 3339 full-date")
    return dt.date.fromisoformat(text)


def is_instant(text: object) -> bool:
    """Say whether a JSON value that should be a date-time is one."""
    return not isinstance(text, str) or _parses(parse_instant, text)


def is_date(text: object) -> bool:
    """Say whether a JSON value that should be a date is one."""
    return not isinstance(text, str) or _parses(parse_date, text)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, OverflowError):
        return False
    return True
