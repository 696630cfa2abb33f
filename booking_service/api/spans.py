"""How time off and closures are written."""

from __future__ import annotations

import datetime as dt

from booking_service.api.answers import Json
from booking_service.domain.localtime import rfc3339
from booking_service.models.spans import Stretch


def serialise_stretch(stretch: Stretch) -> Json:
    """The members that time off and closures share."""
    return {
        "starts_at": _instant(stretch.starts_at),
        "ends_at": _instant(stretch.ends_at),
        "starts_on": _date(stretch.starts_on),
        "ends_on": _date(stretch.ends_on),
        "reason": stretch.reason,
    }


def _instant(instant: dt.datetime | None) -> str | None:
    return rfc3339(instant) if instant is not None else None


def _date(date: dt.date | None) -> str | None:
    return date.isoformat() if date is not None else None
