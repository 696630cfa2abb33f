"""The shared scheduling services: the engine, fed from the shop's tables.

What is offered, why something is not, and what could be had instead all come
from here, so that they agree. The number of statements does not depend on how
many providers or days are asked about.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking_service.domain import choice
from booking_service.domain.availability import (
    TAKEN,
    Bounds,
    Calendar,
    Offer,
    Reason,
    openings,
    reasons_against,
)
from booking_service.domain.choice import MOST_ALTERNATIVES, Slot
from booking_service.domain.hours import shifts
from booking_service.domain.localtime import (
    DAY,
    MINUTE,
    Span,
    day_span,
    instant,
    local_date,
    moment,
    wall_instant,
)
from booking_service.errors import Alternative, SlotNotOffered, SlotRefused, SlotTaken
from booking_service.models import Booking, Service, ShopSettings
from booking_service.repositories import (
    allocations,
    bookings,
    closures,
    hours,
    providers,
    services,
    shop,
    time_off,
)
from booking_service.repositories.spans import Window

# An appointment and its buffers last three days at most.
REACH = 3 * DAY
# Alternatives are looked for this far before and after.
NEAR = 3 * DAY
FAR = 62 * DAY
# Windows are searched in parts of this length.
STRIDE = 7 * DAY


@dataclass(frozen=True)
class Terms:
    """Under which terms a service is offered at this moment.

    Attributes:
        offering: The active providers that offer the service.
        except_booking: A booking that is about to move, whose time is free.
    """

    settings: ShopSettings
    service: Service
    offering: Sequence[uuid.UUID]
    offer: Offer
    bounds: Bounds
    zone: ZoneInfo
    now: dt.datetime
    except_booking: uuid.UUID | None = None

    def local_day(self, start: int) -> dt.date:
        """The shop's date at an instant."""
        return local_date(start, self.zone)


def terms_of(session: Session, service_id: uuid.UUID, *, now: dt.datetime) -> Terms:
    """The terms for a new appointment.

    Raises:
        NotFound: There is no such service.
    """
    service = services.require(session, service_id)
    return _terms(session, service, now)


def terms_of_move(session: Session, booking: Booking, *, now: dt.datetime) -> Terms:
    """The terms for moving a booking, which keeps its own duration and buffers."""
    service = services.require_with_deleted(session, booking.service_id)
    terms = _terms(session, service, now)
    offer = replace(
        terms.offer,
        duration=int((booking.ends_at - booking.starts_at).total_seconds()),
        buffer_before=booking.buffer_before_minutes * MINUTE,
        buffer_after=booking.buffer_after_minutes * MINUTE,
    )
    return replace(terms, offer=offer, except_booking=booking.id)


def _terms(session: Session, service: Service, now: dt.datetime) -> Terms:
    settings = shop.settings(session)
    zone = ZoneInfo(settings.timezone)
    interval = (
        service.slot_interval_minutes
        or settings.slot_interval_minutes
        or service.duration_minutes
    )
    notice = service.min_notice_minutes
    if notice is None:
        notice = settings.min_notice_minutes
    current = instant(now)
    last_day = local_date(current, zone) + dt.timedelta(days=settings.booking_horizon_days)
    return Terms(
        settings=settings,
        service=service,
        offering=providers.offering(session, service.id),
        offer=Offer(
            duration=service.duration_minutes * MINUTE,
            buffer_before=service.buffer_before_minutes * MINUTE,
            buffer_after=service.buffer_after_minutes * MINUTE,
            interval=interval * MINUTE,
            capacity=service.capacity,
            max_per_day=service.max_per_day,
        ),
        bounds=Bounds(
            now=current,
            earliest=current + notice * MINUTE,
            latest=wall_instant(last_day + dt.timedelta(days=1), 0, zone),
        ),
        zone=zone,
        now=now,
    )


def calendars(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], window: Span
) -> Sequence[Calendar]:
    """The calendars of some providers, wide enough for starts in ``window``."""
    reach = Window((window[0] - REACH, window[1] + REACH), terms.zone)
    first, last = reach.first_date, reach.last_date
    weeks = hours.weeks(session, provider_ids)
    overrides = hours.overrides(session, provider_ids, first, last)
    absences = time_off.blocking(session, provider_ids, reach)
    closed = closures.blocking(session, reach)
    is_group = terms.offer.capacity > 1
    taken = allocations.blocking(
        session,
        provider_ids,
        reach.span,
        group_service=terms.service.id if is_group else None,
        now=terms.now,
        except_booking=terms.except_booking,
    )
    booked = _bookings_per_day(session, terms, provider_ids, reach)
    return [
        Calendar(
            provider_id=provider_id,
            shifts=shifts(
                weeks.get(provider_id, {}),
                overrides.get(provider_id, {}),
                first=first,
                last=last,
                zone=terms.zone,
            ),
            time_off=absences.get(provider_id, ()),
            closures=closed,
            taken=taken.get(provider_id, ()),
            booked_days=booked.get(provider_id, ()),
        )
        for provider_id in provider_ids
    ]


def _bookings_per_day(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], window: Window
) -> Mapping[uuid.UUID, Sequence[tuple[Span, int]]]:
    if terms.service.max_per_day is None:
        return {}
    counts = bookings.counts_per_day(
        session,
        provider_ids,
        terms.service.id,
        window.span,
        timezone=terms.settings.timezone,
        except_booking=terms.except_booking,
    )
    return {
        provider_id: [(day_span(day, terms.zone), count) for day, count in per_day.items()]
        for provider_id, per_day in counts.items()
    }


@dataclass(frozen=True)
class Offered:
    """What a search found.

    Attributes:
        slots: Chronological, each start once.
        true_before: The instant at which time alone makes another answer of it;
            None if it never does.
    """

    slots: Sequence[Slot]
    true_before: int | None


def offered(
    session: Session,
    terms: Terms,
    provider_ids: Collection[uuid.UUID],
    window: Span,
    *,
    limit: int | None = None,
) -> Offered:
    """The slots that start in ``window``.

    Providers that do not offer the service, or do not work, add none. With a
    limit the search ends when more than that many are found.
    """
    tomorrow = None
    if window[1] > terms.bounds.latest:  # the horizon moves on every day
        today = local_date(terms.bounds.now, terms.zone)
        tomorrow = wall_instant(today + dt.timedelta(days=1), 0, terms.zone)
    window = max(window[0], terms.bounds.earliest), min(window[1], terms.bounds.latest)
    serving = [each for each in terms.offering if each in provider_ids]
    if window[0] >= window[1] or not serving or not terms.service.active:
        return Offered([], tomorrow)
    found: list[Slot] = []
    known = calendars(session, terms, serving, window)
    # The answer for a window is the union of the answers for its parts.
    for first in range(window[0], window[1], STRIDE):
        part = first, min(first + STRIDE, window[1])
        found += choice.slots(
            openings(calendar, terms.offer, terms.bounds, part) for calendar in known
        )
        if limit is not None and len(found) > limit:
            break
    expiries = [
        taken.expires_at
        for calendar in known
        for taken in calendar.taken
        if taken.expires_at is not None
    ]
    # The first start is no longer offered when its notice has begun.
    passing = [slot.start - terms.bounds.notice + 1 for slot in found[:1]]
    changes = [*passing, *expiries, *([] if tomorrow is None else [tomorrow])]
    return Offered(found, min(changes, default=None))


def standing(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], start: int
) -> Mapping[uuid.UUID, Sequence[Reason]]:
    """What stands against a start at each provider; nothing: it can be booked."""
    found: dict[uuid.UUID, Sequence[Reason]] = {}
    for calendar in calendars(session, terms, provider_ids, (start, start + 1)):
        reasons = reasons_against(calendar, terms.offer, terms.bounds, start)
        if calendar.provider_id not in terms.offering:
            reasons.append(Reason.NOT_OFFERED)
        if not terms.service.active:
            reasons.append(Reason.INACTIVE)
        found[calendar.provider_id] = reasons
    return found


def refusal(found: Mapping[uuid.UUID, Sequence[Reason]]) -> SlotRefused:
    """The error for a start against which something stands at every provider.

    Of several providers the one that nearly could speaks: one whose time is only
    taken, else the one with the fewest reasons.
    """
    if not found:
        return SlotNotOffered([Reason.NOT_OFFERED])
    reasons = min(found.values(), key=lambda each: (not TAKEN.issuperset(each), len(each)))
    return SlotTaken(reasons) if TAKEN.issuperset(reasons) else SlotNotOffered(reasons)


def alternatives(
    session: Session,
    terms: Terms,
    start: int,
    *,
    preferred: uuid.UUID | None,
    only_preferred: bool,
    present: tuple[int, uuid.UUID] | None = None,
) -> list[Alternative]:
    """Up to five starts near one that was refused.

    Args:
        session: A transaction of its own, begun after the refusal.
        terms: Those under which the start was refused.
        start: Seconds since 1970.
        preferred: The provider that was asked for.
        only_preferred: Whether the asker may not have others anyway; else they
            are named if the preferred one has no time.
        present: Where a booking that is to move is now: no alternative.
    """
    start = min(max(start, terms.bounds.earliest), terms.bounds.latest)
    rounds: list[Sequence[uuid.UUID]] = [[preferred]] if preferred else []
    if not only_preferred:
        rounds.append(terms.offering)
    for candidates in rounds:
        before = offered(session, terms, candidates, (start - NEAR, start))
        after = offered(
            session, terms, candidates, (start, start + FAR), limit=MOST_ALTERNATIVES
        )
        found = [*before.slots, *after.slots]
        if present is not None:
            found = choice.without(found, *present)
        if found:
            return [_alternative(terms, slot) for slot in choice.nearest(found, start)]
    return []


def _alternative(terms: Terms, slot: Slot) -> Alternative:
    begins, ends = terms.offer.appointment(slot.start)
    return Alternative(moment(begins), moment(ends), slot.provider_ids)
