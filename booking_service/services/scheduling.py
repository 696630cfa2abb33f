"""The shared scheduling services: the engine, fed from the shop's tables.

What is offered and why something is not both come from here, so that they
agree. The number of statements does not depend on how
many providers or days are asked about.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
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
from booking_service.domain.choice import Slot
from booking_service.domain.hours import shifts
from booking_service.domain.localtime import (
    DAY,
    MINUTE,
    Span,
    day_span,
    instant,
    local_date,
    wall_instant,
)
from booking_service.domain.resources import Pool, sets_left
from booking_service.domain.rules import ServiceRules, ShopRules
from booking_service.errors import SlotNotOffered, SlotRefused, SlotTaken
from booking_service.models import Booking
from booking_service.repositories import allocations, bookings
from booking_service.services.rulebook import RULEBOOK, require_service

# Windows are searched in parts of this length.
STRIDE = 7 * DAY


@dataclass(frozen=True)
class Terms:
    """Under which terms a service is offered at this moment.

    Attributes:
        offering: The active providers that offer the service.
        except_booking: A booking that is about to move, whose time is free.
    """

    rules: ShopRules
    service: ServiceRules
    offer: Offer
    bounds: Bounds
    now: dt.datetime
    except_booking: uuid.UUID | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's."""
        return self.rules.zone

    @property
    def offering(self) -> Sequence[uuid.UUID]:
        """The active providers that offer the service, lowest id first."""
        return self.rules.offering.get(self.service.id, ())

    def local_day(self, start: int) -> dt.date:
        """The shop's date at an instant."""
        return local_date(start, self.zone)


def terms_of(
    session: Session, service_id: uuid.UUID, *, counter: int, now: dt.datetime
) -> Terms:
    """The terms for a new appointment.

    Args:
        session: A transaction pinned to the shop.
        service_id: What is wanted.
        counter: What the counter of rules showed, in this transaction.
        now: The request's instant.

    Raises:
        NotFound: There is no such service.
    """
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    return _terms(rules, require_service(rules, service_id), now)


def terms_of_move(
    session: Session, booking: Booking, *, counter: int, now: dt.datetime
) -> Terms:
    """The terms for moving a booking, which keeps its own duration and buffers."""
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    terms = _terms(rules, rules.services[booking.service_id], now)
    offer = replace(
        terms.offer,
        duration=int((booking.ends_at - booking.starts_at).total_seconds()),
        buffer_before=booking.buffer_before_minutes * MINUTE,
        buffer_after=booking.buffer_after_minutes * MINUTE,
    )
    return replace(terms, offer=offer, except_booking=booking.id)


def _terms(rules: ShopRules, service: ServiceRules, now: dt.datetime) -> Terms:
    policy, zone = rules.policy, rules.zone
    interval = (
        service.slot_interval_minutes
        or policy.slot_interval_minutes
        or service.duration_minutes
    )
    notice = service.min_notice_minutes
    if notice is None:
        notice = policy.min_notice_minutes
    current = instant(now)
    last_day = local_date(current, zone) + dt.timedelta(days=policy.booking_horizon_days)
    return Terms(
        rules=rules,
        service=service,
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
        now=now,
    )


@dataclass(frozen=True)
class Candidates:
    """Who is asked to serve.

    Attributes:
        provider_ids: The first one leads if they serve together.
        together: All of them are needed; else any will do.
    """

    provider_ids: Sequence[uuid.UUID]
    together: bool = False


@dataclass(frozen=True)
class Scene:
    """All that is known of a window."""

    calendars: Sequence[Calendar]
    pools: Sequence[Pool]


def scene(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], window: Span
) -> Scene:
    """The calendars of some providers, and of what the service needs beside.

    They are wide enough for starts in ``window``.
    """
    offer, rules, zone = terms.offer, terms.rules, terms.zone
    # An appointment with its buffers may begin before the window and end behind it.
    reach = (
        window[0] - offer.buffer_before,
        window[1] + offer.duration + offer.buffer_after,
    )
    first = local_date(reach[0] - DAY, zone)
    last = local_date(reach[1] + DAY, zone)
    needed = {kind: rules.resources.get(kind, ()) for kind in terms.service.resource_kinds}
    taken = allocations.blocking(
        session,
        [*provider_ids, *chain.from_iterable(needed.values())],
        reach,
        group_service=terms.service.id if offer.capacity > 1 else None,
        now=terms.now,
        except_booking=terms.except_booking,
    )
    booked = _bookings_per_day(session, terms, provider_ids, (first, last))
    closures = _touching(rules.closures, reach)
    calendars = [
        Calendar(
            provider_id=provider_id,
            shifts=shifts(
                rules.plans.get(provider_id, ()),
                rules.overrides.get(provider_id, {}),
                first=first,
                last=last,
                zone=zone,
            ),
            time_off=_touching(rules.absences.get(provider_id, ()), reach),
            closures=closures,
            taken=taken.get(provider_id, ()),
            booked_days=booked.get(provider_id, ()),
        )
        for provider_id in provider_ids
    ]
    pools = [
        Pool(kind, {resource: taken.get(resource, ()) for resource in resources})
        for kind, resources in needed.items()
    ]
    return Scene(calendars, pools)


def _touching(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    return [span for span in spans if span[0] < window[1] and window[0] < span[1]]


def _bookings_per_day(
    session: Session,
    terms: Terms,
    provider_ids: Collection[uuid.UUID],
    days: tuple[dt.date, dt.date],
) -> Mapping[uuid.UUID, Sequence[tuple[Span, int]]]:
    if terms.service.max_per_day is None:
        return {}
    counts = bookings.counts_per_day(
        session,
        provider_ids,
        terms.service.id,
        (day_span(days[0], terms.zone)[0], day_span(days[1], terms.zone)[1]),
        timezone=terms.rules.policy.timezone,
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
    candidates: Candidates,
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
    serving = _serving(terms, candidates)
    if window[0] >= window[1] or not serving or not terms.service.active:
        return Offered([], tomorrow)
    found: list[Slot] = []
    known = scene(session, terms, serving, window)
    # The answer for a window is the union of the answers for its parts.
    for first in range(window[0], window[1], STRIDE):
        found += _slots(terms, known, candidates, (first, min(first + STRIDE, window[1])))
        if limit is not None and len(found) > limit:
            break
    expiries = [
        taken.expires_at
        for takens in (
            *(calendar.taken for calendar in known.calendars),
            *chain.from_iterable(pool.taken.values() for pool in known.pools),
        )
        for taken in takens
        if taken.expires_at is not None
    ]
    # The first start is no longer offered when its notice has begun.
    passing = [slot.start - terms.bounds.notice + 1 for slot in found[:1]]
    changes = [*passing, *expiries, *([] if tomorrow is None else [tomorrow])]
    return Offered(found, min(changes, default=None))


def _serving(terms: Terms, candidates: Candidates) -> Sequence[uuid.UUID]:
    """Those candidates whose calendars speak; none if some who are needed do not."""
    serving = [each for each in terms.offering if each in candidates.provider_ids]
    missing = candidates.together and len(serving) < len(set(candidates.provider_ids))
    return () if missing else serving


def _slots(
    terms: Terms, known: Scene, candidates: Candidates, window: Span
) -> Sequence[Slot]:
    found = [
        openings(calendar, terms.offer, terms.bounds, window, known.pools)
        for calendar in known.calendars
    ]

    def room_for(start: int) -> int | None:
        return sets_left(known.pools, terms.offer.blocked(start))

    if candidates.together:
        leader = candidates.provider_ids[0]
        return choice.joint_slots(found, room_for, leader=leader)
    return choice.slots(found, room_for)


@dataclass(frozen=True)
class Standing:
    """What stands against one start.

    Attributes:
        reasons: By provider; nothing: it can be booked.
        pools: The resources that are needed.
    """

    reasons: Mapping[uuid.UUID, Sequence[Reason]]
    pools: Sequence[Pool]


def standing(
    session: Session, terms: Terms, provider_ids: Collection[uuid.UUID], start: int
) -> Standing:
    """What stands against a start at each provider."""
    reasons: dict[uuid.UUID, Sequence[Reason]] = {}
    known = scene(session, terms, provider_ids, (start, start + 1))
    for calendar in known.calendars:
        found = reasons_against(calendar, terms.offer, terms.bounds, start, known.pools)
        if calendar.provider_id not in terms.offering:
            found.append(Reason.NOT_OFFERED)
        if not terms.service.active:
            found.append(Reason.INACTIVE)
        reasons[calendar.provider_id] = found
    return Standing(reasons, known.pools)


def refusal(
    found: Mapping[uuid.UUID, Sequence[Reason]], *, together: bool = False
) -> SlotRefused:
    """The error for a start that cannot be booked.

    Of several providers the one that nearly could speaks: one whose time is only
    taken, else the one with the fewest reasons. Of those who serve together all do.
    """
    if not found:
        return SlotNotOffered([Reason.NOT_OFFERED])
    if together:
        told = set(chain.from_iterable(found.values()))
        reasons: Sequence[Reason] = [reason for reason in Reason if reason in told]
    else:
        reasons = min(
            found.values(), key=lambda each: (not TAKEN.issuperset(each), len(each))
        )
    return SlotTaken(reasons) if TAKEN.issuperset(reasons) else SlotNotOffered(reasons)
