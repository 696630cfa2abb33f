"""The life of a walk-in."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum


class WalkInStatus(StrEnum):
    """Where a walk-in is in its life."""

    WAITING = "waiting"
    CALLED = "called"
    IN_SERVICE = "in_service"
    DONE = "done"
    LEFT = "left"


QUEUED = frozenset({WalkInStatus.WAITING, WalkInStatus.CALLED})
"""Those that wait to be served."""

NEXT = {
    WalkInStatus.WAITING: frozenset(
        {WalkInStatus.CALLED, WalkInStatus.IN_SERVICE, WalkInStatus.LEFT}
    ),
    WalkInStatus.CALLED: frozenset(
        {WalkInStatus.WAITING, WalkInStatus.IN_SERVICE, WalkInStatus.LEFT}
    ),
    WalkInStatus.IN_SERVICE: frozenset({WalkInStatus.DONE}),
    WalkInStatus.DONE: frozenset[WalkInStatus](),
    WalkInStatus.LEFT: frozenset[WalkInStatus](),
}

LONGEST_WAIT = dt.timedelta(days=1)
"""Who has waited for so long has left, whether somebody said so or not."""


def status_at(
    status: str, expires_at: dt.datetime | None, now: dt.datetime
) -> WalkInStatus:
    """What a walk-in is at an instant: one whose time is over has left."""
    current = WalkInStatus(status)
    if current in QUEUED and expires_at is not None and expires_at <= now:
        return WalkInStatus.LEFT
    return current
