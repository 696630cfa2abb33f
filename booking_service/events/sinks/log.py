"""Writes events to the log."""

from __future__ import annotations

import structlog

from booking_service.events.cloudevents import CloudEvent


class LogSink:
    """A line of the log for each event."""

    def __init__(self) -> None:
        """Log as ``booking_service.events``."""
        self._log = structlog.get_logger("booking_service.events")

    def deliver(self, event: CloudEvent) -> None:
        """Write one line."""
        self._log.info("event", number=event.number, cloudevent=event.document())
