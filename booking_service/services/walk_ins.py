"""Those who come without a booking: joining the queue, being called and served."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.ids import new_id
from booking_service.domain.rules import ServiceRules
from booking_service.domain.walk_ins import LONGEST_WAIT, QUEUED, WalkInStatus, status_at
from booking_service.errors import QueueClosed, RoleMayNot
from booking_service.events import outbox
from booking_service.events.types import WalkInJoined
from booking_service.models import WalkIn
from booking_service.repositories import clients, counters, walk_ins
from booking_service.repositories.paging import Page, PageRequest
from booking_service.repositories.walk_ins import Accuracy, Guess, WalkInFilters
from booking_service.services import queue
from booking_service.services.identities import (
    own_client,
    own_provider,
    require_linked,
)
from booking_service.services.queue import Newcomer, Place
from booking_service.services.rulebook import (
    RULEBOOK,
    require_providers,
    require_service,
)
from booking_service.services.violations import written
from booking_service.services.walk_in_changes import leave

# A queue that is longer is none.
MOST_WAITING = 500
# An estimate that moved by less says nothing new.
SAME = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class NewWalkIn:
    """Who joins.

    Attributes:
        provider_id: Who is asked for; None is anyone.
        name: By which it is called.
    """

    service_id: uuid.UUID
    provider_id: uuid.UUID | None = None
    client_id: uuid.UUID | None = None
    name: str | None = None


@dataclass(frozen=True)
class Placed:
    """A walk-in, and where it stands in the queue if it waits."""

    walk_in: WalkIn
    place: Place | None


def create_walk_in(
    session: Session, *, wanted: NewWalkIn, actor: Actor, now: dt.datetime
) -> Placed:
    """Join the queue and announce it.

    Raises:
        NotFound: The service, the provider or the client is unknown.
        RoleMayNot: A client joins for another.
        NotLinked: A provider's token that belongs to no provider.
        QueueClosed: Nobody would serve it, or too many wait; staff may let it wait
            though nobody serves it today, as long as the service is offered.
        AlreadyWaiting: The client stands in the queue.
    """
    counter = counters.of_rules(session)
    service = _offered(session, wanted, actor, counter, now)
    if walk_ins.count_waiting(session, now=now) >= MOST_WAITING:
        raise QueueClosed(f"{MOST_WAITING} are waiting already.")
    client_id = _client_id(session, wanted, actor, now)
    if client_id is not None:
        for overdue in walk_ins.overdue_of(session, client_id, now=now):
            leave(session, overdue, by=None, now=now)
    walk_in = _draft(service, wanted, client_id, now)
    with written(session):
        session.add(walk_in)
    found, _ = queue.places(session, counter=counter, now=now)
    place = found[walk_in.id]
    if actor.is_client and place.p50 is None:
        raise QueueClosed("Nobody can serve it within a day.")
    walk_in.first_p50, walk_in.first_p90 = _moments(place, now)
    walk_in.latest_p50, walk_in.latest_p90 = walk_in.first_p50, walk_in.first_p90
    session.flush()  # the answer is given when it is written
    outbox.append(session, walk_in, WalkInJoined.of(walk_in, by=actor), at=now)
    _expire_later(session, walk_in)
    return Placed(walk_in, place)


def get_walk_in(
    session: Session, *, walk_in_id: uuid.UUID, actor: Actor, now: dt.datetime
) -> Placed:
    """One walk-in, and when it will be served as it looks now.

    Raises:
        NotFound: There is none that the actor may see.
    """
    require_linked(session, actor)
    walk_in = walk_ins.require(session, walk_in_id, subject=own_subject(actor))
    return _placed(session, [walk_in], now)[0]


def list_walk_ins(
    session: Session,
    *,
    page: PageRequest,
    filters: WalkInFilters,
    actor: Actor,
    now: dt.datetime,
) -> Page[Placed]:
    """Walk-ins in the order in which they joined, each with its place.

    Raises:
        NotLinked: A provider's token that belongs to no provider.
    """
    require_linked(session, actor)
    found = walk_ins.page_of(session, page, filters)
    return Page(_placed(session, found.items, now), found.next_key)


def estimate(
    session: Session,
    *,
    service_id: uuid.UUID,
    provider_id: uuid.UUID | None,
    actor: Actor,
    now: dt.datetime,
) -> Place:
    """Where one who joined now would stand, and for how long.

    Raises:
        NotFound: The service or the provider is unknown.
        QueueClosed: The service is not offered, by nobody or not by this provider, or
            the shop takes no walk-ins.
    """
    counter = counters.of_rules(session)
    wanted = NewWalkIn(service_id, provider_id)
    service = _offered(session, wanted, actor, counter, now)
    newcomer = Newcomer.wanting(service, provider_id)
    _, place = queue.places(session, counter=counter, now=now, newcomer=newcomer)
    assert place is not None  # asked for
    return place


def accuracy(
    session: Session, *, since: dt.datetime, until: dt.datetime
) -> tuple[int, Accuracy, Accuracy]:
    """How well waits were foreseen, of those who joined in a time and were served.

    Returns:
        Their number, and the accuracy of the first and of the latest estimate.
    """
    return walk_ins.accuracy(session, since=since, until=until)


def own_subject(actor: Actor) -> str | None:
    """The login to which an actor's sight of the queue is bound; None: it sees all."""
    return actor.subject if actor.is_client else None


def _offered(
    session: Session, wanted: NewWalkIn, actor: Actor, counter: int, now: dt.datetime
) -> ServiceRules:
    """The service that is wanted, if the actor may join the queue for it."""
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    if actor.is_client and not rules.policy.accepts_walk_ins:
        raise QueueClosed("The shop takes no walk-ins.")
    service = require_service(rules, wanted.service_id)
    if wanted.provider_id is not None:
        require_providers(rules, wanted.provider_id)
    if not service.active:
        raise QueueClosed("The service is not active.")
    if not queue.able(rules, service.id, wanted.provider_id):
        raise QueueClosed("Nobody who is asked for offers the service.")
    return service


def _client_id(
    session: Session, wanted: NewWalkIn, actor: Actor, now: dt.datetime
) -> uuid.UUID | None:
    require_linked(session, actor)
    if actor.is_client:
        own = own_client(session, actor, now)
        if wanted.client_id not in (None, own.id):
            raise RoleMayNot("A client joins for itself only.")
        return own.id
    if wanted.client_id is None:
        return None
    # A provider knows those whom it serves; others are not its business.
    served_by = own_provider(session, actor).id if actor.is_provider else None
    return clients.require(session, wanted.client_id, served_by=served_by).id


def _draft(
    service: ServiceRules,
    wanted: NewWalkIn,
    client_id: uuid.UUID | None,
    now: dt.datetime,
) -> WalkIn:
    return WalkIn(
        id=new_id(),
        service_id=service.id,
        provider_id=wanted.provider_id,
        client_id=client_id,
        name=wanted.name,
        duration_minutes=service.duration_minutes,
        buffer_after_minutes=service.buffer_after_minutes,
        status=WalkInStatus.WAITING,
        joined_at=now,
        expires_at=now + LONGEST_WAIT,
        schedule_version=1,
        event_sequence=1,
        updated_at=now,
    )


def _expire_later(session: Session, walk_in: WalkIn) -> None:
    assert walk_in.expires_at is not None  # it waits
    outbox.set_timer(
        session, walk_in, kind=outbox.WALK_IN_EXPIRY, due_at=walk_in.expires_at
    )


def _placed(
    session: Session, found: Sequence[WalkIn], now: dt.datetime
) -> Sequence[Placed]:
    """Walk-ins with their places, as it looks now; which is written down."""
    places: Mapping[uuid.UUID, Place] = {}
    if any(status_at(each.status, each.expires_at, now) in QUEUED for each in found):
        counter = counters.of_rules(session)
        places, _ = queue.places(session, counter=counter, now=now)
    placed = [Placed(each, places.get(each.id)) for each in found]
    walk_ins.keep_guesses(session, _news(placed, now))
    return placed


def _news(placed: Sequence[Placed], now: dt.datetime) -> Collection[Guess]:
    """What would be told otherwise than the last time."""
    guesses = []
    for each in placed:
        if each.place is not None:
            p50, p90 = _moments(each.place, now)
            known = each.walk_in.latest_p50, each.walk_in.latest_p90
            if not (_same(known[0], p50) and _same(known[1], p90)):
                guesses.append(Guess(each.walk_in.id, p50, p90))
    return guesses


def _same(known: dt.datetime | None, found: dt.datetime | None) -> bool:
    if known is None or found is None:
        return known is found
    return abs(known - found) < SAME


def _moments(
    place: Place, now: dt.datetime
) -> tuple[dt.datetime | None, dt.datetime | None]:
    return (
        None if place.p50 is None else now + place.p50,
        None if place.p90 is None else now + place.p90,
    )
