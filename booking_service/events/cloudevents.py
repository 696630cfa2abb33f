"""Events as CloudEvents 1.0 in JSON."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from booking_service.domain.localtime import rfc3339


@dataclass(frozen=True)
class CloudEvent:
    """One event on its way to a destination.

    Attributes:
        shop_id: Whose event it is.
        subject: The booking.
        sequence: Of this booking's events, from 1 without gaps.
        number: Of this shop's events, in the order in which they were seen.
        occurred_at: By the clock of the request that made it happen.
        payload: The facts.
    """

    id: uuid.UUID
    shop_id: uuid.UUID
    type: str
    subject: uuid.UUID
    sequence: int
    number: int
    occurred_at: dt.datetime
    payload: Mapping[str, object]

    def document(self) -> dict[str, object]:
        """The event in the JSON format of CloudEvents."""
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/shops/{self.shop_id}",
            "type": self.type,
            "subject": str(self.subject),
            "time": rfc3339(self.occurred_at),
            "sequence": self.sequence,
            "datacontenttype": "application/json",
            "data": dict(self.payload),
        }
