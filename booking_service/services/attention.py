"""Bookings that no longer fit the hours under which they were made."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking_service.domain.availability import Calendar, fits
from booking_service.domain.localtime import DAY, MINUTE, instant
from booking_service.models import Booking
from booking_service.repositories import bookings, locks, rules
from booking_service.repositories.bookings import Ahead
from booking_service.services.rulebook import PAST


class Rehearsed(Exception):
    """What a change of hours would do; raised so that it is not done.

    Attributes:
        bookings: Those that would fall outside, by start.
    """

    def __init__(self, bookings: Sequence[Booking]) -> None:
        """Take what was found."""
        super().__init__(f"{len(bookings)} bookings would fall outside.")
        self.bookings = bookings


@dataclass(frozen=True)
class Review:
    """Looks at the bookings ahead before and after a change of hours."""

    session: Session
    provider_ids: Collection[uuid.UUID] | None
    now: dt.datetime
    outside: frozenset[uuid.UUID]

    @classmethod
    def begin(
        cls,
        session: Session,
        *,
        provider_ids: Collection[uuid.UUID] | None,
        now: dt.datetime,
    ) -> Review:
        """Keep all others away from the schedule, and look at it as it is.

        Args:
            session: A transaction pinned to the shop.
            provider_ids: Whose hours are about to change; None means everyone's.
            now: The request's instant.
        """
        locks.change_schedule(session)
        ahead = bookings.ahead(session, provider_ids, now=now)
        outside = _outside(session, ahead, now)
        return cls(session, provider_ids, now, frozenset(outside))

    def end(self, *, dry_run: bool) -> None:
        """Flag the bookings that fall outside now, and no longer those that fit again.

        One that was outside before was made so on purpose and is left alone.

        Raises:
            Rehearsed: It is a trial.
        """
        self.session.flush()
        ahead = bookings.ahead(self.session, self.provider_ids, now=self.now)
        outside = _outside(self.session, ahead, self.now)
        affected = outside - self.outside
        if dry_run:
            found = bookings.by_ids(self.session, affected)
            for each in found:  # to be read when the transaction is rolled back
                self.session.expunge(each)
            raise Rehearsed(found)
        fit = {each.id for each in ahead if each.needs_attention} - outside
        bookings.flag(self.session, affected, needs_attention=True, now=self.now)
        bookings.flag(self.session, fit, needs_attention=False, now=self.now)


def flag_shifted(session: Session, *, now: dt.datetime) -> int:
    """Flag bookings whose start is no longer what it was called when it was made.

    So it is after the rules of a zone have changed: the shop expects the client at
    another time of the wall clock than the one that was promised.

    Returns:
        How many were found that were not flagged.
    """
    locks.change_schedule(session)
    shifted = {
        each.id
        for each in bookings.ahead(session, None, now=now)
        if not each.needs_attention
        and each.starts_at.astimezone(ZoneInfo(each.timezone)).replace(tzinfo=None)
        != each.local_start
    }
    bookings.flag(session, shifted, needs_attention=True, now=now)
    return len(shifted)


def _outside(
    session: Session, ahead: Sequence[Ahead], now: dt.datetime
) -> frozenset[uuid.UUID]:
    """Which of the bookings do not lie in their providers' working time."""
    if not ahead:
        return frozenset()
    known = rules.load(session, since=now - PAST)
    span = (
        min(instant(each.starts_at) for each in ahead) - 2 * DAY,
        max(instant(each.ends_at) for each in ahead) + 2 * DAY,
    )
    everyone = {who for each in ahead for who in each.provider_ids}
    calendars = {who: known.calendar(who, span) for who in everyone}
    return frozenset(
        each.id
        for each in ahead
        if not all(_fits(calendars[who], each) for who in each.provider_ids)
    )


def _fits(calendar: Calendar, booking: Ahead) -> bool:
    begins, ends = instant(booking.starts_at), instant(booking.ends_at)
    before = booking.buffer_before_minutes * MINUTE
    after = booking.buffer_after_minutes * MINUTE
    return fits(calendar, (begins, ends), (begins - before, ends + after))
