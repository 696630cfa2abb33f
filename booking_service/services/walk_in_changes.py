"""What can become of a walk-in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import TAKEN, Reason
from booking_service.domain.localtime import ceiling, moment
from booking_service.domain.resources import Team
from booking_service.domain.walk_ins import (
    LONGEST_WAIT,
    NEXT,
    QUEUED,
    WalkInStatus,
    status_at,
)
from booking_service.errors import InvalidTransition, RoleMayNot
from booking_service.events import outbox
from booking_service.events.types import (
    WalkInCalled,
    WalkInEvent,
    WalkInFinished,
    WalkInLeft,
    WalkInStarted,
    WalkInUpdated,
)
from booking_service.models import WalkIn
from booking_service.repositories import locks, walk_ins
from booking_service.services import placing, teams
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.identities import own_provider
from booking_service.services.placing import Claim
from booking_service.services.rulebook import RULEBOOK, require_providers
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import terms_of_walk_in
from booking_service.services.violations import written

# Who is asked to serve at once need not be offered: no grid, notice, horizon or cap
# counts for those who are there.
OF_BOOKINGS = frozenset(
    {
        Reason.NOTICE,
        Reason.HORIZON,
        Reason.OFF_GRID,
        Reason.DAILY_CAP,
        Reason.CLIENT_LIMIT,
        Reason.INACTIVE,
    }
)
# One who is named is there, whatever the plan says.
OF_ONE_WHO_IS_NAMED = frozenset(Reason) - TAKEN - {Reason.NOT_OFFERED}


def update_walk_in(
    session: Session,
    *,
    walk_in_id: uuid.UUID,
    changes: Changes,
    actor: Actor,
    guard: Guard[WalkIn],
    now: dt.datetime,
) -> WalkIn:
    """Call, start, finish or leave; or say who is to serve. Announces it.

    Args:
        session: A transaction pinned to the shop.
        walk_in_id: Which.
        changes: Any of ``status, provider_id, name``; what is not in it stays.
        actor: Who asks; a client may leave only.
        guard: Refuses if the change was meant for another state of the walk-in.
        now: The request's instant.

    Raises:
        NotFound: There is no such walk-in that the actor may see, or no such provider.
        RoleMayNot: The change is not the actor's to make.
        InvalidTransition: The walk-in's status does not allow it.
        SlotTaken: The provider, or what is needed beside, is not free for so long.
        SlotNotOffered: Nobody who is on duty offers the service.
    """
    counter = locks.share_schedule(session)
    subject = actor.subject if actor.is_client else None
    walk_in = walk_ins.require_for_update(session, walk_in_id, subject=subject)
    guard(walk_in)
    if actor.is_client and changes != {"status": WalkInStatus.LEFT}:
        raise RoleMayNot("A client may leave the queue, and change nothing else.")
    current = status_at(walk_in.status, walk_in.expires_at, now)
    wanted = WalkInStatus(changes.get("status", current))
    if wanted is not current and wanted not in NEXT[current]:
        raise InvalidTransition(
            f"A walk-in that is {_told(current)} cannot become {_told(wanted)}."
        )
    with written(session):
        rest = {name: each for name, each in changes.items() if name != "status"}
        _amend(session, walk_in, rest, current, wanted, counter, actor, now)
        if wanted is not current:
            _change_status(session, walk_in, wanted, actor, counter, now)
    return walk_in


def expire_walk_in(
    session: Session, *, subject: uuid.UUID, schedule_version: int, now: dt.datetime
) -> None:
    """Let one who did not come when called, or waited for a day, leave the queue.

    Nothing happens if it changed since the timer was set.
    """
    walk_in = walk_ins.find_for_update(session, subject)
    if walk_in is None or walk_in.schedule_version != schedule_version:
        return
    if walk_in.status in QUEUED and walk_in.expires_at and walk_in.expires_at <= now:
        leave(session, walk_in, by=None, now=now)
        session.flush()


def leave(session: Session, walk_in: WalkIn, *, by: Actor | None, now: dt.datetime) -> None:
    """Take a walk-in out of the queue and announce it.

    Args:
        session: A transaction pinned to the shop.
        walk_in: Locked.
        by: Who says so; None: its time is over.
        now: The request's instant.
    """
    walk_in.status = WalkInStatus.LEFT
    if by is not None:
        walk_in.expires_at = None
    _settle(walk_in, now)
    _announce(session, walk_in, WalkInLeft.of(walk_in, by=by, expired=by is None), now)


def _told(status: WalkInStatus) -> str:
    return status.value.replace("_", " ")


def _amend(
    session: Session,
    walk_in: WalkIn,
    changes: Changes,
    current: WalkInStatus,
    wanted: WalkInStatus,
    counter: int,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Change who is to serve, or the name."""
    provider_id = changes.get("provider_id")
    if provider_id is not None:
        rules = RULEBOOK.rules(session, counter=counter, now=now)
        require_providers(rules, provider_id)
    if current not in QUEUED and changes.get("provider_id", ...) not in (
        ...,
        walk_in.provider_id,
    ):
        raise InvalidTransition(f"Who serves one that is {_told(current)} is settled.")
    changed = apply(walk_in, changes)
    if changed:
        touch(walk_in, now)
        if wanted is current:
            event = WalkInUpdated.of(walk_in, by=actor, changed=changed)
            _announce(session, walk_in, event, now)


def _change_status(
    session: Session,
    walk_in: WalkIn,
    wanted: WalkInStatus,
    actor: Actor,
    counter: int,
    now: dt.datetime,
) -> None:
    match wanted:
        case WalkInStatus.LEFT:
            leave(session, walk_in, by=actor, now=now)
            return
        case WalkInStatus.IN_SERVICE:
            _start(session, walk_in, actor, counter, now)
            event: WalkInEvent = WalkInStarted.of(walk_in, by=actor)
        case WalkInStatus.DONE:
            placing.end_early(session, walk_in, now)
            walk_in.status, walk_in.finished_at = wanted, now
            _settle(walk_in, now)
            event = WalkInFinished.of(walk_in, by=actor)
        case WalkInStatus.CALLED:
            rules = RULEBOOK.rules(session, counter=counter, now=now)
            minutes = rules.policy.walk_in_call_minutes
            walk_in.called_at = now
            _wait(session, walk_in, wanted, now + dt.timedelta(minutes=minutes), now)
            event = WalkInCalled.of(walk_in, by=actor)
        case _:
            walk_in.called_at = None
            _wait(session, walk_in, wanted, walk_in.joined_at + LONGEST_WAIT, now)
            event = WalkInUpdated.of(walk_in, by=actor, changed=("status",))
    _announce(session, walk_in, event, now)


def _wait(
    session: Session,
    walk_in: WalkIn,
    status: WalkInStatus,
    until: dt.datetime,
    now: dt.datetime,
) -> None:
    walk_in.status, walk_in.expires_at = status, until
    _settle(walk_in, now)
    outbox.set_timer(session, walk_in, kind=outbox.WALK_IN_EXPIRY, due_at=until)


def _start(
    session: Session, walk_in: WalkIn, actor: Actor, counter: int, now: dt.datetime
) -> None:
    """Take the time of who serves, from now on."""
    terms = terms_of_walk_in(session, walk_in, counter=counter, now=now)
    candidates, waived = Candidates(terms.offering), OF_BOOKINGS
    if actor.is_provider:
        own = own_provider(session, actor).id
        if walk_in.provider_id not in (None, own):
            raise RoleMayNot("A provider starts walk-ins of its own calendar only.")
        candidates, waived = Candidates([own]), OF_ONE_WHO_IS_NAMED
    elif walk_in.provider_id is not None:
        candidates, waived = Candidates([walk_in.provider_id]), OF_ONE_WHO_IS_NAMED

    def attempt(team: Team) -> Collection[uuid.UUID]:
        claim = Claim(
            id=walk_in.id,
            service_id=walk_in.service_id,
            starts_at=now,
            team=team,
            offer=terms.offer,
            client_id=None,
        )
        missed = placing.begin(session, claim)
        if not missed:
            walk_in.provider_id = team.provider_ids[0]
            walk_in.resource_ids = list(team.resource_ids)
        return missed

    # The engine counts in seconds, and what ended in this one is over.
    start = moment(ceiling(now))
    free = teams.field(session, terms, candidates, start, waived=waived)
    teams.settle(terms, free, start, attempt)
    walk_in.status, walk_in.started_at = WalkInStatus.IN_SERVICE, now
    walk_in.expires_at = None
    _settle(walk_in, now)


def _settle(walk_in: WalkIn, now: dt.datetime) -> None:
    walk_in.schedule_version += 1
    touch(walk_in, now)


def _announce(
    session: Session, walk_in: WalkIn, event: WalkInEvent, now: dt.datetime
) -> None:
    walk_in.event_sequence += 1
    outbox.append(session, walk_in, event, at=now)
