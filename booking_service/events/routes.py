"""Which events of a shop go where."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Protocol

from booking_service.events.sinks import Sink


class Routes(Protocol):
    """Finds the sinks of an event."""

    def sinks(self, shop_id: uuid.UUID, event_type: str) -> Sequence[Sink]:
        """Where a shop's events of this type go."""


class EverythingTo:
    """Sends every event of every shop to the same sinks."""

    def __init__(self, *sinks: Sink) -> None:
        """Send to ``sinks``, in this order."""
        self._sinks = sinks

    def sinks(self, shop_id: uuid.UUID, event_type: str) -> Sequence[Sink]:
        """The same for all."""
        return self._sinks
