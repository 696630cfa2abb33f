"""What those who wait are told: the queue of a shop, simulated."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from sqlalchemy.orm import Session

from booking_service.domain import queue
from booking_service.domain.localtime import MINUTE, Span, ceiling, instant, moment
from booking_service.domain.queue import DEFAULT_RATIOS, FORGOTTEN, Visit
from booking_service.domain.rules import ServiceRules, ShopRules
from booking_service.domain.spans import merged
from booking_service.domain.timeline import Engagement, Lane, Ratios
from booking_service.domain.walk_ins import LONGEST_WAIT, WalkInStatus
from booking_service.models import WalkIn
from booking_service.repositories import visits, walk_ins
from booking_service.repositories.visits import Appointment, Recorded
from booking_service.services.rulebook import RULEBOOK

# So many visits of a service, or of the whole shop, say what the next ones take.
ENOUGH = 20


class Basis(StrEnum):
    """What is known of how long visits take."""

    SERVICE = "service"
    SHOP = "shop"
    DEFAULTS = "defaults"


@dataclass(frozen=True)
class Place:
    """Where one stands in the queue, and how long that will last.

    Attributes:
        position: From 1.
        parties_ahead: Those before it whom one of the same providers may serve.
        p50: As likely shorter as longer; None: nobody can serve it within a day.
        p90: Longer for one in ten; None: it may be longer than a day.
        basis: Whose visits the spread is taken from.
    """

    position: int
    parties_ahead: int
    p50: dt.timedelta | None
    p90: dt.timedelta | None
    basis: Basis


@dataclass(frozen=True)
class Newcomer:
    """One who might join.

    Attributes:
        provider_id: Who is asked for; None is anyone.
    """

    service_id: uuid.UUID
    provider_id: uuid.UUID | None
    duration_minutes: int
    buffer_after_minutes: int

    @classmethod
    def wanting(cls, service: ServiceRules, provider_id: uuid.UUID | None) -> Newcomer:
        """One who wants a service, of somebody or of anyone."""
        return cls(
            service.id,
            provider_id,
            service.duration_minutes,
            service.buffer_after_minutes,
        )


class _Experience:
    """What visits took of their planned duration, by service."""

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        self._all: list[float] = []
        self._booked: list[float] = []
        self._of_services: dict[uuid.UUID, list[float]] = {}
        for each in sorted(recorded, key=lambda visit: visit.ratio):
            self._all.append(each.ratio)
            self._of_services.setdefault(each.service_id, []).append(each.ratio)
            if each.is_booked:
                self._booked.append(each.ratio)

    def of(self, service_id: uuid.UUID) -> tuple[Ratios, Basis]:
        own = self._of_services.get(service_id, ())
        if len(own) >= ENOUGH:
            return own, Basis.SERVICE
        if len(self._all) >= ENOUGH:
            return self._all, Basis.SHOP
        return DEFAULT_RATIOS, Basis.DEFAULTS

    def of_one(self, appointment: Appointment) -> Ratios:
        """Nothing where staff do not stamp bookings: these end as planned."""
        if not appointment.is_booked:
            return ()
        if len(self._booked) >= ENOUGH:
            return self._booked
        return DEFAULT_RATIOS if appointment.is_under_way else ()


def places(
    session: Session,
    *,
    counter: int,
    now: dt.datetime,
    newcomer: Newcomer | None = None,
) -> tuple[Mapping[uuid.UUID, Place], Place | None]:
    """Where everybody in the queue stands, and where one who joined now would.

    The number of statements does not depend on how many they are.

    Args:
        session: A transaction pinned to the shop.
        counter: What the counter of rules showed, in this transaction.
        now: The request's instant.
        newcomer: Who asks whether to join.

    Returns:
        The places of those who wait by walk-in, and the newcomer's if there is one.
    """
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    present = walk_ins.live(session, now=now)
    waiting = [each for each in present if each.status != WalkInStatus.IN_SERVICE]
    if not waiting and newcomer is None:
        return {}, None
    experience = _Experience(visits.recorded(session))
    wanted = [_visit(rules, experience, each) for each in waiting]
    if newcomer is not None:
        wanted.append(_visit(rules, experience, newcomer))
    pools = {
        kind: rules.resources.get(kind, ()) for visit, _ in wanted for kind in visit.kinds
    }
    lanes = _lanes(session, rules, experience, present, wanted, pools, now)
    queued = [visit for visit, _ in wanted]
    longest = int(LONGEST_WAIT.total_seconds())
    found = queue.waits(queued, lanes, pools, now=ceiling(now), longest=longest)
    servers = [frozenset(visit.provider_ids) for visit in queued]
    standing = [
        Place(
            position=number + 1,
            parties_ahead=sum(
                not servers[number].isdisjoint(others) for others in servers[:number]
            ),
            p50=_until(wait.p50, now),
            p90=_until(wait.p90, now),
            basis=basis,
        )
        for number, ((_, basis), wait) in enumerate(zip(wanted, found, strict=True))
    ]
    last = standing.pop() if newcomer is not None else None
    ids = [each.id for each in waiting]
    return dict(zip(ids, standing, strict=True)), last


def _until(seconds: int | None, now: dt.datetime) -> dt.timedelta | None:
    """The wait from ``now`` on; the simulation begins with the next whole second."""
    if not seconds:
        return None if seconds is None else dt.timedelta(0)
    return moment(ceiling(now) + seconds) - now


def _visit(
    rules: ShopRules, experience: _Experience, party: WalkIn | Newcomer
) -> tuple[Visit, Basis]:
    ratios, basis = experience.of(party.service_id)
    visit = Visit(
        duration=party.duration_minutes * MINUTE,
        buffer_after=party.buffer_after_minutes * MINUTE,
        ratios=ratios,
        provider_ids=able(rules, party.service_id, party.provider_id),
        kinds=rules.services[party.service_id].resource_kinds,
    )
    return visit, basis


def able(
    rules: ShopRules, service_id: uuid.UUID, provider_id: uuid.UUID | None
) -> Sequence[uuid.UUID]:
    """Who may serve a walk-in: those who offer the service, or the one asked for."""
    offering = rules.offering.get(service_id, ())
    return [each for each in offering if provider_id in (None, each)]


def _lanes(
    session: Session,
    rules: ShopRules,
    experience: _Experience,
    present: Sequence[WalkIn],
    wanted: Sequence[tuple[Visit, Basis]],
    pools: Mapping[str, Sequence[uuid.UUID]],
    now: dt.datetime,
) -> Mapping[uuid.UUID, Lane]:
    """The time of all who and what may serve, in the day to come."""
    longest = max(visit.duration + visit.buffer_after for visit, _ in wanted)
    window = instant(now), ceiling(now + LONGEST_WAIT) + longest
    providers = {each for visit, _ in wanted for each in visit.provider_ids}
    resources = set(chain.from_iterable(pools.values()))
    engagements: dict[uuid.UUID, list[Engagement]] = {}
    for each in visits.appointments(session, [*providers, *resources], window):
        ratios = experience.of_one(each)
        engagement = _engagement(each.span, each.starts, each.duration, ratios, now)
        if each.is_under_way:
            engagement = replace(engagement, has_begun=True)
        engagements.setdefault(each.resource_id, []).append(engagement)
    for walk_in in present:
        if walk_in.status == WalkInStatus.IN_SERVICE:
            for name in (*walk_in.provider_ids, *walk_in.resource_ids):
                engagements.setdefault(name, []).append(
                    _under_way(experience, walk_in, now)
                )
    lanes = {name: Lane(engagements=_in_order(engagements, name)) for name in resources}
    for provider in providers:
        calendar = rules.calendar(provider, window)
        lanes[provider] = Lane(
            open=_within(calendar.working, window),
            closed=calendar.closed,
            engagements=_in_order(engagements, provider),
        )
    return lanes


def _within(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    return merged((max(start, window[0]), min(end, window[1])) for start, end in spans)


def _in_order(
    engagements: Mapping[uuid.UUID, Sequence[Engagement]], name: uuid.UUID
) -> Sequence[Engagement]:
    return sorted(engagements.get(name, ()), key=lambda each: (each.starts, each.span))


def _under_way(experience: _Experience, walk_in: WalkIn, now: dt.datetime) -> Engagement:
    """What a walk-in that is being served takes."""
    assert walk_in.started_at is not None  # it is
    planned = walk_in.duration_minutes * MINUTE
    begun = instant(walk_in.started_at)
    span = begun, begun + planned + walk_in.buffer_after_minutes * MINUTE
    ratios = experience.of(walk_in.service_id)[0]
    return replace(_engagement(span, begun, planned, ratios, now), has_begun=True)


def _engagement(
    span: Span, starts: int, planned: int, ratios: Ratios, now: dt.datetime
) -> Engagement:
    """One that lasts as such visits do, or, if it was forgotten, as planned."""
    known = () if _is_forgotten(starts, planned, now) else ratios
    return Engagement(span, starts, planned, known)


def _is_forgotten(begun: int, planned: int, now: dt.datetime) -> bool:
    """Say whether a visit lasts so long that nobody thought of finishing it."""
    return instant(now) - begun > FORGOTTEN * planned
