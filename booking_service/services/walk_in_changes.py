"""What can become of a walk-in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.availability import TAKEN, Reason
from booking_service.domain.localtime import ceiling, moment
from booking_service.domain.resources import Team
from booking_service.domain.rules import ShopRules
from booking_service.domain.walk_ins import (
    LONGEST_WAIT,
    NEXT,
    QUEUED,
    WalkInStatus,
    status_at,
)
from booking_service.errors import (
    InvalidTransition,
    QueueClosed,
    RoleMayNot,
    SlotNotOffered,
    SlotTaken,
)
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
from booking_service.repositories import locks, visits, walk_ins
from booking_service.services import placing, teams
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.identities import own_provider, require_linked
from booking_service.services.placing import Claim
from booking_service.services.queue import able
from booking_service.services.rulebook import RULEBOOK, require_providers
from booking_service.services.scheduling import Candidates
from booking_service.services.teams import Field
from booking_service.services.terms import Terms, terms_of_walk_in
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
# One who is named is there, whatever hours, absences and closures say.
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
        NotLinked: A provider's token that belongs to no provider.
        QueueClosed: The provider that is to serve does not offer the service.
        SlotTaken: The provider, or what is needed beside, is not free for so long.
        SlotNotOffered: Nobody who is on duty offers the service.
    """
    counter = locks.share_schedule(session)
    require_linked(session, actor)
    subject = actor.subject if actor.is_client else None
    walk_in = walk_ins.require_for_update(session, walk_in_id, subject=subject)
    guard(walk_in)
    if actor.is_client and changes != {"status": WalkInStatus.LEFT}:
        raise RoleMayNot("A client may leave the queue, and change nothing else.")
    rules = RULEBOOK.rules(session, counter=counter, now=now)
    change = _Change(session, walk_in, rules, counter, actor, now)
    wanted = WalkInStatus(changes.get("status", change.current))
    if wanted is not change.current and wanted not in NEXT[change.current]:
        raise InvalidTransition(
            f"A walk-in that is {_told(change.current)} cannot become {_told(wanted)}."
        )
    with written(session):
        changed = change.amend(changes)
        if wanted is not change.current:
            change.to(wanted)
        elif changed:
            change.announce(WalkInUpdated.of(walk_in, by=actor, changed=changed))
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


@dataclass(frozen=True)
class _Change:
    """One change of one walk-in, which is locked."""

    session: Session
    walk_in: WalkIn
    rules: ShopRules
    counter: int
    actor: Actor
    now: dt.datetime

    @property
    def current(self) -> WalkInStatus:
        """What the walk-in is now."""
        return status_at(self.walk_in.status, self.walk_in.expires_at, self.now)

    def amend(self, changes: Changes) -> tuple[str, ...]:
        """Change who is to serve, or the name; what changed."""
        wanted = {name: each for name, each in changes.items() if name != "status"}
        provider_id = wanted.get("provider_id", self.walk_in.provider_id)
        if provider_id != self.walk_in.provider_id:
            if self.current not in QUEUED:
                raise InvalidTransition(
                    f"Who serves one that is {_told(self.current)} is settled."
                )
            if provider_id is not None:
                require_providers(self.rules, provider_id)
            if not able(self.rules, self.walk_in.service_id, provider_id):
                raise QueueClosed("The provider does not offer the service.")
        changed = apply(self.walk_in, wanted)
        if changed:
            touch(self.walk_in, self.now)
        return changed

    def to(self, wanted: WalkInStatus) -> None:
        """Change the status, which may."""
        match wanted:
            case WalkInStatus.LEFT:
                leave(self.session, self.walk_in, by=self.actor, now=self.now)
            case WalkInStatus.IN_SERVICE:
                self._start()
                self.announce(WalkInStarted.of(self.walk_in, by=self.actor))
            case WalkInStatus.DONE:
                self._finish()
                self.announce(WalkInFinished.of(self.walk_in, by=self.actor))
            case WalkInStatus.CALLED:
                minutes = self.rules.policy.walk_in_call_minutes
                self.walk_in.called_at = self.now
                self._wait(wanted, until=self.now + dt.timedelta(minutes=minutes))
                self.announce(WalkInCalled.of(self.walk_in, by=self.actor))
            case _:
                self.walk_in.called_at = None
                self._wait(wanted, until=self.walk_in.joined_at + LONGEST_WAIT)
                event = WalkInUpdated.of(self.walk_in, by=self.actor, changed=("status",))
                self.announce(event)

    def announce(self, event: WalkInEvent) -> None:
        """Say what has happened."""
        _announce(self.session, self.walk_in, event, self.now)

    def _wait(self, status: WalkInStatus, *, until: dt.datetime) -> None:
        self.walk_in.status, self.walk_in.expires_at = status, until
        _settle(self.walk_in, self.now)
        outbox.set_timer(
            self.session, self.walk_in, kind=outbox.WALK_IN_EXPIRY, due_at=until
        )

    def _finish(self) -> None:
        """End the visit, and give back what is left of its time."""
        if self.actor.is_provider:
            own = own_provider(self.session, self.actor).id
            if self.walk_in.provider_id != own:
                raise RoleMayNot("A provider finishes its own visits only.")
        placing.end_early(self.session, self.walk_in, self.now)
        self.walk_in.status = WalkInStatus.DONE
        self.walk_in.finished_at = self.now
        _settle(self.walk_in, self.now)

    def _start(self) -> None:
        """Take the time of who serves, from now on."""
        walk_in, now = self.walk_in, self.now
        terms = terms_of_walk_in(self.session, walk_in, counter=self.counter, now=now)
        # The engine counts in seconds, and what ended in this one is over.
        start = moment(ceiling(now))
        free = self._free(terms, start)

        def attempt(team: Team) -> Collection[uuid.UUID]:
            claim = Claim(
                id=walk_in.id,
                service_id=walk_in.service_id,
                starts_at=now,
                team=team,
                offer=terms.offer,
                client_id=None,
            )
            missed = placing.begin(self.session, claim)
            if not missed:
                walk_in.provider_id = team.provider_ids[0]
                walk_in.resource_ids = list(team.resource_ids)
            return missed

        teams.settle(terms, free, start, attempt)
        walk_in.status, walk_in.started_at = WalkInStatus.IN_SERVICE, now
        walk_in.expires_at = None
        _settle(walk_in, now)

    def _named(self) -> uuid.UUID | None:
        """Who is to serve; None is anyone."""
        asked_for = self.walk_in.provider_id
        if not self.actor.is_provider:
            return asked_for
        own = own_provider(self.session, self.actor).id
        if asked_for not in (None, own):
            raise RoleMayNot("A provider starts walk-ins of its own calendar only.")
        return own

    def _free(self, terms: Terms, start: dt.datetime) -> Field:
        """The one who is named, or those on duty who are with nobody."""
        named = self._named()
        if named is not None:
            one = Candidates([named])
            return teams.field(self.session, terms, one, start, waived=OF_ONE_WHO_IS_NAMED)
        # Who is with somebody is not free, though the planned time may be over.
        serving = visits.serving(self.session, now=self.now)
        idle = [each for each in terms.offering if each not in serving]
        try:
            return teams.field(
                self.session, terms, Candidates(idle), start, waived=OF_BOOKINGS
            )
        except SlotNotOffered as refused:
            if len(idle) < len(terms.offering):
                raise SlotTaken from refused
            raise


def _settle(walk_in: WalkIn, now: dt.datetime) -> None:
    walk_in.schedule_version += 1
    touch(walk_in, now)


def _announce(
    session: Session, walk_in: WalkIn, event: WalkInEvent, now: dt.datetime
) -> None:
    walk_in.event_sequence += 1
    outbox.append(session, walk_in, event, at=now)
