"""Where events go: one file a kind of destination."""

from __future__ import annotations

from typing import Protocol

from booking_service.events.cloudevents import CloudEvent


class Sink(Protocol):
    """Takes events, one after the other."""

    def deliver(self, event: CloudEvent) -> None:
        """Hand the event over; returning means that the destination has it.

        Raises:
            Exception: It does not; the relay tries again later.
        """
