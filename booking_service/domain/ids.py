"""Identifiers."""

from __future__ import annotations

import datetime as dt
import uuid

from uuid_utils.compat import uuid7

# Names a group start; any fixed uuid would do.
_SESSIONS = uuid.UUID("5f0c2e0e-7a4b-4f0a-9c52-1f6b8f4d2a10")


def new_id() -> uuid.UUID:
    """A new uuid that sorts by time (version 7, RFC 9562)."""
    return uuid7()


def group_session(
    provider_id: uuid.UUID, service_id: uuid.UUID, starts_at: dt.datetime
) -> uuid.UUID:
    """The session that all seats of one group start share.

    Args:
        provider_id: Who serves.
        service_id: What is offered.
        starts_at: The start, in UTC.
    """
    name = f"{provider_id}/{service_id}/{int(starts_at.timestamp())}"
    return uuid.uuid5(_SESSIONS, name)


def made_at(time_ordered: uuid.UUID) -> dt.datetime:
    """When a time-ordered id was made, to the millisecond (RFC 9562, section 5.7)."""
    return dt.datetime.fromtimestamp((time_ordered.int >> 80) / 1000, dt.UTC)
