"""Who serves: the candidates who are free, tried until one team is not lost to a race."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain import choice
from booking_service.domain.actors import Actor
from booking_service.domain.availability import Reason
from booking_service.domain.localtime import day_span, instant
from booking_service.domain.resources import Pool, Team, assembled
from booking_service.errors import RoleMayNot, SlotNotOffered, SlotTaken
from booking_service.repositories import visits
from booking_service.services import scheduling
from booking_service.services.identities import own_provider
from booking_service.services.rulebook import require_providers
from booking_service.services.scheduling import Candidates
from booking_service.services.terms import Terms

# Takes a team's time, and says who and what of it was taken already; if anything
# was, nothing is changed.
Attempt = Callable[[Team], Collection[uuid.UUID]]


@dataclass(frozen=True)
class Field:
    """Those from whom a team can be made for one start.

    Attributes:
        crews: Providers who would serve together, the fairest choice first.
        pools: What is needed beside them.
    """

    crews: Sequence[Sequence[uuid.UUID]]
    pools: Sequence[Pool]


def candidates_of(
    session: Session, terms: Terms, wanted: Candidates | None, actor: Actor
) -> Candidates:
    """Who may serve an appointment that the actor asks for.

    Raises:
        NotFound: One of the providers is unknown.
        RoleMayNot: A provider asks for another's time.
    """
    if actor.is_provider:
        own = own_provider(session, actor).id
        if wanted is not None and set(wanted.provider_ids) != {own}:
            raise RoleMayNot("A provider books into its own calendar only.")
        return Candidates([own])
    if wanted is None:
        return Candidates(terms.offering)
    require_providers(terms.rules, *wanted.provider_ids)
    return wanted


def field(
    session: Session,
    terms: Terms,
    candidates: Candidates,
    starts_at: dt.datetime,
    *,
    waived: Collection[Reason] = (),
) -> Field:
    """Those candidates that can be booked at a start.

    Args:
        session: A transaction pinned to the shop, which holds the locks of the caps.
        terms: Under which.
        candidates: Whom to choose from.
        starts_at: When.
        waived: Rules that shall not count this time.

    Raises:
        SlotTaken: None can, and somebody has the time of one.
        SlotNotOffered: None can, and the rules are why.
    """
    if starts_at.microsecond:
        raise SlotNotOffered([Reason.OFF_GRID])  # grids have whole seconds
    start = instant(starts_at)
    found = scheduling.standing(session, terms, candidates.provider_ids, start)
    reasons = {
        provider_id: [each for each in told if each not in waived]
        for provider_id, told in found.reasons.items()
    }
    free = [provider_id for provider_id, told in reasons.items() if not told]
    if not free or (candidates.together and len(free) < len(reasons)):
        raise scheduling.refusal(reasons, together=candidates.together)
    if candidates.together:
        return Field([candidates.provider_ids], found.pools)
    if len(free) > 1:
        day = day_span(terms.local_day(start), terms.zone)
        workloads = visits.workloads(session, free, day=day, before=starts_at)
        free = choice.fairest_first(free, workloads)
    return Field([[each] for each in free], found.pools)


def settle(
    terms: Terms,
    found: Field,
    starts_at: dt.datetime,
    attempt: Attempt,
    *,
    preferred: Collection[uuid.UUID] = (),
) -> None:
    """Try one team after the other until an attempt succeeds.

    Args:
        terms: Those under which the field was found.
        found: The field.
        starts_at: When they would begin.
        attempt: Takes a team's time.
        preferred: Resources to take rather than others, if they are free.

    Raises:
        SlotTaken: All were lost to others meanwhile.
    """
    start = instant(starts_at)
    free = [
        sorted(
            pool.free(terms.offer.blocked(start)), key=lambda each: each not in preferred
        )
        for pool in found.pools
    ]
    lost: set[uuid.UUID] = set()
    for crew in found.crews:
        own = [pool.of_group(crew[0], start) for pool in found.pools]
        choices = [
            [of_group] if of_group else resources
            for of_group, resources in zip(own, free, strict=True)
        ]
        while (team := assembled(crew, choices, lost)) is not None:
            missed = attempt(team)
            if not missed:
                return
            lost.update(missed)
    raise SlotTaken
