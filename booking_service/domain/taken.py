"""Time that is taken of a provider or a resource."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from booking_service.domain.localtime import Span


class Taken(NamedTuple):
    """One allocation; a tuple, since thousands are made for one answer.

    Attributes:
        span: Appointment and buffers.
        appointment: Without the buffers.
        session: The start of the group it is a seat of, if it is a seat of the
            service in question; else None.
        provider_id: Who leads that group; else None.
        expires_at: The second in which it ends to count, if it is a hold; None if it
            is not.
    """

    span: Span
    appointment: Span
    session: int | None = None
    provider_id: uuid.UUID | None = None
    expires_at: int | None = None
