"""Stretches of time that are stated as instants or as local dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_

from booking_service.domain.localtime import (
    MINUTES_A_DAY,
    Span,
    ceiling,
    instant,
    local_date,
    moment,
    wall_instant,
)
from booking_service.models.spans import Stretch


@dataclass(frozen=True)
class Window:
    """A span of instants, and the zone in which its dates are meant."""

    span: Span
    zone: ZoneInfo

    @property
    def first_date(self) -> dt.date:
        """The local date on which the window begins."""
        return local_date(self.span[0], self.zone)

    @property
    def last_date(self) -> dt.date:
        """The local date on which it ends."""
        return local_date(self.span[1], self.zone)


def touches(model: type[Stretch], window: Window) -> ColumnElement[bool]:
    """The condition that a stretch may share time with the window."""
    start, end = (moment(each) for each in window.span)
    return or_(
        and_(model.starts_at < end, model.ends_at > start),
        and_(model.starts_on <= window.last_date, model.ends_on >= window.first_date),
    )


def span_of(stretch: Stretch, zone: ZoneInfo) -> Span:
    """The stretch in instants; dates run from midnight to midnight."""
    if stretch.starts_at is not None and stretch.ends_at is not None:
        # A fraction of a second at the end still blocks its second.
        return instant(stretch.starts_at), ceiling(stretch.ends_at)
    assert stretch.starts_on is not None  # a CHECK of the table
    assert stretch.ends_on is not None
    return (
        wall_instant(stretch.starts_on, 0, zone),
        wall_instant(stretch.ends_on, MINUTES_A_DAY, zone),
    )
