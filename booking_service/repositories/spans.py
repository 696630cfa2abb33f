"""Stretches of time that are stated as instants or as local dates."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from booking_service.domain.localtime import (
    MINUTES_A_DAY,
    Span,
    ceiling,
    instant,
    wall_instant,
)
from booking_service.models.spans import Stretch


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
