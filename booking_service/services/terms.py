"""Under which terms a service is offered: the shop's rules, made ready for the engine."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import EVER, Bounds, Offer
from booking_service.domain.localtime import MINUTE, instant, local_date, wall_instant
from booking_service.domain.rules import ServiceRules, ShopRules
from booking_service.models import Booking, Hold, WalkIn
from booking_service.repositories import caps, clients
from booking_service.services.rulebook import RULEBOOK, require_service


@dataclass(frozen=True)
class Terms:
    """Under which terms a service is offered at this moment.

    Attributes:
        offering: The active providers that offer the service.
        except_for: A booking or hold whose time is free.
        barred_until: The client who asks has as many open bookings as it may,
            until this second; None if it may have more.
    """

    rules: ShopRules
    service: ServiceRules
    offer: Offer
    bounds: Bounds
    now: dt.datetime
    except_for: uuid.UUID | None = None
    barred_until: int | None = None

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
    offer = _as_made(terms.offer, booking)
    return replace(terms, offer=offer, except_for=booking.id)


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
        ),
        bounds=Bounds(
            now=current,
            earliest=current + notice * MINUTE,
            latest=wall_instant(last_day + dt.timedelta(days=1), 0, zone),
        ),
        now=now,
    )


def terms_of_hold(session: Session, hold: Hold, *, counter: int, now: dt.datetime) -> Terms:
    """The terms for booking what is held: the time it was made for, whenever that was.

    A hold keeps its own duration and buffers, and the notice and horizon of its
    making.
    """
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    terms = _terms(rules, rules.services[hold.service_id], now)
    bounds = replace(terms.bounds, earliest=terms.bounds.now, latest=EVER[1])
    return replace(
        terms, offer=_as_made(terms.offer, hold), bounds=bounds, except_for=hold.id
    )


def terms_of_walk_in(
    session: Session, walk_in: WalkIn, *, counter: int, now: dt.datetime
) -> Terms:
    """The terms for serving a walk-in at once.

    It is served alone, for as long as its service took when it joined, and with no
    buffer before: nobody can prepare for it.
    """
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    terms = _terms(rules, rules.services[walk_in.service_id], now)
    offer = replace(
        terms.offer,
        duration=walk_in.duration_minutes * MINUTE,
        buffer_before=0,
        buffer_after=walk_in.buffer_after_minutes * MINUTE,
        capacity=1,
    )
    return replace(terms, offer=offer)


def _as_made(offer: Offer, made: Booking | Hold) -> Offer:
    return replace(
        offer,
        duration=int((made.ends_at - made.starts_at).total_seconds()),
        buffer_before=made.buffer_before_minutes * MINUTE,
        buffer_after=made.buffer_after_minutes * MINUTE,
    )


def limited(session: Session, terms: Terms, actor: Actor) -> Terms:
    """The terms for one who asks: a client may have only so many open bookings."""
    most = terms.rules.policy.max_open_bookings_per_client
    if most is None or not actor.is_client:
        return terms
    client = clients.find_by_subject(session, actor.subject)
    if client is None:
        return terms
    count, first = caps.open_bookings(session, client.id, now=terms.now)
    if first is None or count < most:
        return terms
    return replace(terms, barred_until=instant(first))
