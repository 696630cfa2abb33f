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
    members = {name: value for name, value in members.items() if _is_stated(name, value)}
    given = [pair for pair in PAIRS if any(name in members for name in pair)]
    if len(given) == 2:
        raise InvalidInput.at("/starts_on", "give instants or dates, not both")
    if not given and current is None:
        raise InvalidInput.at("/starts_at", "give starts_at and ends_at, or dates")
    values = {name: members[name] for name in ("reason",) if name in members}
    for pair in given:
        ends = {name: members.get(name, getattr(current, name, None)) for name in pair}
        _require_order(ends)
        others = (name for other in PAIRS if other != pair for name in other)
        values |= ends | dict.fromkeys(others)
    return values


def _is_stated(name: str, value: object) -> bool:
    """Answers write the pair that was not used as nulls; so may requests."""
    return name == "reason" or value is not None


def _require_order(ends: Mapping[str, Any]) -> None:
    for name, value in ends.items():
        if value is None:
            raise InvalidInput.at(f"/{name}", "is missing")
    (first, start), (last, end) = ends.items()
    has_length = start < end if isinstance(start, dt.datetime) else start <= end
    if not has_length:
        raise InvalidInput.at(f"/{last}", f"must be after {first}")
