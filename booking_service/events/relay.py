"""Delivers events and sees to what is due.

Any number of relays may run: a lease per shop decides which one delivers, so
that a shop's events stay in order. Delivery is at least once: an event is
marked after its destinations have it.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from booking_service.events import queue
from booking_service.events.cloudevents import CloudEvent
from booking_service.events.routes import Routes
from booking_service.events.types import ClientErased
from tenants.database import Cell, Database

LEASE = dt.timedelta(seconds=30)
IDLE_SECONDS = 0.25
TROUBLE_SECONDS = 2.0
# A timer that fails lets the others pass and is tried again after this.
POSTPONED = dt.timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class OnTimer(Protocol):
    """What a kind of timer asks for, done in the shop's transaction."""

    def __call__(
        self,
        session: Session,
        /,
        *,
        subject: uuid.UUID,
        schedule_version: int,
        now: dt.datetime,
    ) -> None:
        """See to a booking or walk-in, unless its schedule has changed since."""


@contextmanager
def _outliving(trouble: str, **where: str) -> Iterator[None]:
    """Log whatever goes wrong inside and go on: others wait behind it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - logged; the others' turn has come
        _log.exception(trouble, error=repr(error), **where)


class Relay:
    """Works through the outbox and the timers of every cell."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        *,
        on_timer: Mapping[str, OnTimer],
        upkeep: Callable[[], object] = lambda: None,
        clock: Callable[[], dt.datetime],
    ) -> None:
        """Take what is needed; nothing runs yet.

        Args:
            database: The cells.
            routes: Where events go.
            on_timer: What to do for each kind of timer.
            upkeep: A small step of what else has to be done now and then.
            clock: The service's, by which timers are due.
        """
        self._database = database
        self._routes = routes
        self._on_timer = on_timer
        self._upkeep = upkeep
        self._clock = clock
        self._holder = uuid.uuid4()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; trouble is logged and outlived."""
        while not stop.is_set():
            pause = TROUBLE_SECONDS
            with _outliving("relay in trouble"):
                pause = 0.0 if self.work() else IDLE_SECONDS
            with _outliving("upkeep in trouble"):
                self._upkeep()
            stop.wait(pause)

    def work(self) -> int:
        """See once to all that is there; the number of events and timers done."""
        return sum(
            self._deliver_all(cell) + self._ring_all(cell)
            for cell in self._database.cells.values()
        )

    def _deliver_all(self, cell: Cell) -> int:
        with self._database.relay_transaction(cell) as session:
            roles = queue.shops_with_events(session)
        done = 0
        for role in roles:
            with _outliving("events of a shop not delivered", role=role):
                done += self._deliver_shop(cell, role)
        return done

    def _deliver_shop(self, cell: Cell, role: str) -> int:
        with self._database.relay_transaction(cell) as session:
            if not queue.take_lease(session, f"events of {role}", self._holder, LEASE):
                return 0
            queue.number(session, role)
        with self._database.relay_transaction(cell) as session:
            events = queue.undelivered(session, role)
        delivered = self._deliver_in_order(events)
        if delivered:
            with self._database.relay_transaction(cell) as session:
                queue.mark_delivered(session, delivered)
                for event in delivered:
                    if event.type == ClientErased.type:
                        queue.forget_words(session, role, event)
        return len(delivered)

    def _deliver_in_order(self, events: Sequence[CloudEvent]) -> list[CloudEvent]:
        """Deliver until one fails for the first time; those that got through."""
        delivered: list[CloudEvent] = []
        for event in events:
            try:
                for sink in self._routes.sinks(event.shop_id, event.type):
                    sink.deliver(event)
            except Exception as error:  # noqa: BLE001 - a sink may fail in any way
                _log.warning("not delivered", event_id=str(event.id), error=repr(error))
                break
            delivered.append(event)
        return delivered

    def _ring_all(self, cell: Cell) -> int:
        now = self._clock()
        with self._database.relay_transaction(cell) as session:
            due = queue.due_timers(session, now)
        done = 0
        for timer_id, role in due:
            try:
                done += self._ring(cell, timer_id, role, now)
            except Exception:  # noqa: BLE001 - logged and tried again
                _log.exception("timer failed", timer_id=str(timer_id), role=role)
                with self._database.relay_transaction(cell) as session:
                    queue.postpone_timer(session, timer_id, now + POSTPONED)
        return done

    def _ring(self, cell: Cell, timer_id: uuid.UUID, role: str, now: dt.datetime) -> int:
        """See to one timer; it is dropped only after what it asks for is committed."""
        with self._database.relay_transaction(cell) as session:
            found = queue.lock_timer(session, timer_id)
            if found is None:
                return 0
            kind, subject, schedule_version = found
            shop = queue.find_shop(session, role)
            if shop is not None:
                with self._database.shop_transaction(shop) as in_shop:
                    self._on_timer[kind](
                        in_shop,
                        subject=subject,
                        schedule_version=schedule_version,
                        now=now,
                    )
            queue.drop_timer(session, timer_id)
        return 1
