"""Keeping a slot for a few minutes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor, Scope
from booking_service.domain.ids import new_id
from booking_service.domain.localtime import instant
from booking_service.domain.resources import Team
from booking_service.errors import ClientLimitReached, NotFound
from booking_service.models import Hold
from booking_service.repositories import caps, holds, locks
from booking_service.services import capping, placing, teams
from booking_service.services.changes import Guard
from booking_service.services.identities import own_client, own_provider
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms, limited, terms_of


@dataclass(frozen=True)
class NewHold:
    """What is asked for.

    Attributes:
        candidates: Who is to serve; None means anyone.
    """

    service_id: uuid.UUID
    starts_at: dt.datetime
    candidates: Candidates | None = None


def create_hold(
    session: Session, *, wanted: NewHold, actor: Actor, now: dt.datetime
) -> Hold:
    """Keep a slot for the actor, as long as the shop's settings say.

    Raises:
        NotFound: The service or the provider is unknown.
        RoleMayNot: A provider holds another's time.
        ClientLimitReached: The client holds as many slots as it may.
        SlotTaken: Somebody else has the time.
        SlotNotOffered: The shop's rules do not offer it.
    """
    counter = locks.share_schedule(session)
    terms = terms_of(session, wanted.service_id, counter=counter, now=now)
    candidates = teams.candidates_of(session, terms, wanted.candidates, actor)
    client_id = own_client(session, actor, now).id if actor.is_client else None
    day = terms.local_day(instant(wanted.starts_at))
    capping.lock(session, terms, candidates.provider_ids, day, client_id=client_id)
    _require_fewer(session, terms, client_id)
    terms = limited(session, terms, actor)
    hold = _draft(terms, wanted, actor, client_id)

    def attempt(team: Team) -> Collection[uuid.UUID]:
        hold.provider_id = team.provider_ids[0]
        hold.further_provider_ids = list(team.provider_ids[1:])
        hold.resource_ids = list(team.resource_ids)
        return placing.place(session, hold, terms.offer, now=now).missed

    free = teams.field(session, terms, candidates, wanted.starts_at)
    teams.settle(terms, free, wanted.starts_at, attempt)
    return hold


def get_hold(
    session: Session, *, hold_id: uuid.UUID, actor: Actor, now: dt.datetime
) -> Hold:
    """One hold.

    Raises:
        NotFound: There is none that the actor may see, or no more.
    """
    return _visible(session, holds.require(session, hold_id, now=now), actor)


def is_live(session: Session, *, hold_id: uuid.UUID, now: dt.datetime) -> bool:
    """Say whether a hold is there and has not expired."""
    return holds.is_live(session, hold_id, now=now)


def release_hold(
    session: Session,
    *,
    hold_id: uuid.UUID,
    actor: Actor,
    guard: Guard[Hold],
    now: dt.datetime,
) -> None:
    """Give a slot back before its time.

    Raises:
        NotFound: There is none that the actor may see, or no more.
    """
    locks.share_schedule(session)
    hold = holds.require_for_update(session, hold_id, now=now)
    guard(_visible(session, hold, actor))
    placing.release(session, hold)
    session.delete(hold)
    session.flush()  # the answer is given when it is written


def _require_fewer(session: Session, terms: Terms, client_id: uuid.UUID | None) -> None:
    most = terms.rules.policy.max_holds_per_client
    if most is None or client_id is None:
        return
    if caps.live_holds(session, client_id, now=terms.now) >= most:
        raise ClientLimitReached(f"A client may hold {most} slots at once.")


def _draft(
    terms: Terms, wanted: NewHold, actor: Actor, client_id: uuid.UUID | None
) -> Hold:
    """A hold that is complete but for those who would serve."""
    starts_at = wanted.starts_at.astimezone(dt.UTC)
    kept = dt.timedelta(minutes=terms.rules.policy.hold_minutes)
    return Hold(
        id=new_id(),
        service_id=terms.service.id,
        client_id=client_id,
        role=actor.role,
        subject=actor.subject,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(seconds=terms.offer.duration),
        buffer_before_minutes=terms.service.buffer_before_minutes,
        buffer_after_minutes=terms.service.buffer_after_minutes,
        expires_at=terms.now.replace(microsecond=0) + kept,
        created_at=terms.now,
    )


def _visible(session: Session, hold: Hold, actor: Actor) -> Hold:
    """The hold, if it is the actor's own or in its calendar.

    Raises:
        NotFound: It is not.
    """
    if actor.scope is Scope.ALL or (hold.role, hold.subject) == (actor.role, actor.subject):
        return hold
    if actor.is_provider and own_provider(session, actor).id in hold.provider_ids:
        return hold
    raise NotFound("hold")
