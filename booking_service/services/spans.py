"""What time off and closures share: how their time is stated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from booking_service.errors import InvalidInput
from booking_service.models.spans import Stretch

PAIRS = (("starts_at", "ends_at"), ("starts_on", "ends_on"))


def stated(members: Mapping[str, Any], current: Stretch | None = None) -> dict[str, Any]:
    """The members of a stretch, checked and completed.

    Args:
        members: As given; instants or local dates, not both.
        current: What is to change; its other end is kept if only one is given.

    Raises:
        InvalidInput: Neither or both are stated, an end is missing, or it ends
            before it starts.
    """
    given = [pair for pair in PAIRS if any(name in members for name in pair)]
    if len(given) == 2:
        raise InvalidInput.at("/starts_on", "give instants or dates, not both")
    if not given and current is None:
        raise InvalidInput.at("/starts_at", "give starts_at and ends_at, or dates")
    values = {name: members[name] for name in ("reason",) if name in members}
    for pair in given:
        ends = {name: members.get(name, getattr(current, name, None)) for name in pair}
        for name, value in ends.items():
            if value is None:
                raise InvalidInput.at(f"/{name}", "is missing")
        _require_order(pair, *ends.values())
        others = (name for other in PAIRS if other != pair for name in other)
        values |= ends | dict.fromkeys(others)
    return values


def _require_order(
    pair: tuple[str, str], start: dt.datetime | dt.date, end: dt.datetime | dt.date
) -> None:
    has_length = start < end if isinstance(start, dt.datetime) else start <= end
    if not has_length:
        raise InvalidInput.at(f"/{pair[1]}", f"must be after {pair[0]}")
