"""The caps of a day: the service's at each provider, and the whole shop's."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.domain.availability import Allowance
from booking_service.domain.localtime import MINUTE, day_span
from booking_service.repositories import caps, locks
from booking_service.repositories.caps import Tally
from booking_service.services.terms import Terms

NOTHING = Tally(0, 0, None)


@dataclass(frozen=True)
class Caps:
    """What is left under all caps.

    Attributes:
        expiries: When the holds expire that count.
    """

    of_shop: Sequence[Allowance] = ()
    of_providers: Mapping[uuid.UUID, Allowance] | None = None
    expiries: Sequence[int] = ()

    def of(self, provider_id: uuid.UUID) -> Sequence[Allowance]:
        """The allowances that hold for one provider."""
        if self.of_providers is None:
            return self.of_shop
        return [*self.of_shop, self.of_providers[provider_id]]


def allowances(
    session: Session,
    terms: Terms,
    provider_ids: Collection[uuid.UUID],
    days: tuple[dt.date, dt.date],
) -> Caps:
    """What may still be booked on some local days.

    Args:
        session: A transaction pinned to the shop.
        terms: Under which caps, if any.
        provider_ids: Of whom.
        days: The first and the last.
    """
    policy, most = terms.rules.policy, terms.service.max_per_day
    window = day_span(days[0], terms.zone)[0], day_span(days[1], terms.zone)[1]
    scope = caps.Scope(window, policy.timezone, terms.now, terms.except_for)
    of_shop: list[Allowance] = []
    of_providers: dict[uuid.UUID, Allowance] | None = None
    tallies: list[Tally] = []
    if policy.has_daily_cap:
        booked = caps.of_shop(session, scope)
        tallies += booked.values()
        of_shop = list(_of_shop(terms, booked))
    if most is not None:
        per_provider = caps.per_provider(
            session, scope, provider_ids=provider_ids, service_id=terms.service.id
        )
        of_providers = {}
        for provider_id in provider_ids:
            booked = per_provider.get(provider_id, {})
            tallies += booked.values()
            of_providers[provider_id] = _allowance(
                terms, booked, lambda tally: most - tally.appointments
            )
    expiries = [each.expires_at for each in tallies if each.expires_at is not None]
    return Caps(of_shop, of_providers, expiries)


def lock(
    session: Session,
    terms: Terms,
    provider_ids: Collection[uuid.UUID],
    day: dt.date,
    *,
    client_id: uuid.UUID | None,
) -> None:
    """Keep others from counting towards the same caps until the transaction ends.

    Args:
        session: A transaction pinned to the shop.
        terms: Which caps hold.
        provider_ids: At whom something is to be taken.
        day: The shop's date of its start.
        client_id: The client who takes it, if one does for itself.
    """
    names: list[str] = []
    if terms.service.max_per_day is not None:
        names += [f"{each}/{day}" for each in provider_ids]
    if terms.rules.policy.has_daily_cap:
        names.append(f"shop/{day}")
    if client_id is not None and terms.rules.policy.limits_clients:
        names.append(f"client/{client_id}")
    locks.count(session, names)


def _of_shop(terms: Terms, booked: Mapping[dt.date, Tally]) -> Iterator[Allowance]:
    policy = terms.rules.policy
    appointments, minutes = policy.max_bookings_per_day, policy.max_booked_minutes_per_day
    if appointments is not None:
        most = appointments
        yield _allowance(terms, booked, lambda tally: most - tally.appointments)
    if minutes is not None:
        duration, minutes_a_day = terms.offer.duration // MINUTE, minutes
        yield _allowance(
            terms, booked, lambda tally: (minutes_a_day - tally.minutes) // duration
        )


def _allowance(
    terms: Terms, booked: Mapping[dt.date, Tally], left: Callable[[Tally], int]
) -> Allowance:
    days = [(day_span(day, terms.zone), left(tally)) for day, tally in booked.items()]
    return Allowance(left(NOTHING), days)
