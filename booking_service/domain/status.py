"""The life of a booking."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum


class Status(StrEnum):
    """Where a booking is in its life."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.PENDING, Status.CONFIRMED})
"""Those that block their time and can still be moved or cancelled."""

HELD = frozenset({Status.COMPLETED, Status.NO_SHOW})
"""Those whose time came; reached only after the start."""

COUNTED = OPEN | HELD
"""Those that count towards a daily cap."""

NEXT = {
    Status.PENDING: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}),
    Status.COMPLETED: frozenset[Status](),
    Status.NO_SHOW: frozenset[Status](),
    Status.CANCELLED: frozenset[Status](),
}


def may_become(
    current: Status, wanted: Status, *, starts_at: dt.datetime, now: dt.datetime
) -> bool:
    """Say whether a booking may change its status.

    Args:
        current: What it is.
        wanted: What it shall be.
        starts_at: From then on a pending booking can only be cancelled, and only
            behind it may one be completed or marked as not shown.
        now: The request's instant.
    """
    if wanted not in NEXT[current]:
        return False
    if wanted in HELD:
        return now > starts_at
    return wanted is Status.CANCELLED or now < starts_at
