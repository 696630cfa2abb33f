"""The rules of one shop, as one value: all that decides what it offers but time taken."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from booking_service.domain.availability import Allowance, Calendar
from booking_service.domain.hours import Period, Plan, shifts
from booking_service.domain.localtime import DAY, Span, local_date
from booking_service.domain.taken import Taken


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop has settled for all its services."""

    timezone: str
    slot_interval_minutes: int | None
    min_notice_minutes: int
    booking_horizon_days: int
    hold_minutes: int
    auto_confirm: bool
    max_bookings_per_day: int | None
    max_booked_minutes_per_day: int | None
    max_open_bookings_per_client: int | None
    max_holds_per_client: int | None
    accepts_walk_ins: bool
    walk_in_call_minutes: int

    @property
    def has_daily_cap(self) -> bool:
        """Whether a cap holds for all bookings of a day."""
        caps = self.max_bookings_per_day, self.max_booked_minutes_per_day
        return caps != (None, None)

    @property
    def limits_clients(self) -> bool:
        """Whether a client may have only so much at once."""
        limits = self.max_open_bookings_per_client, self.max_holds_per_client
        return limits != (None, None)


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """What a service asks of a calendar, and what it costs.

    Attributes:
        deleted: It is there for the sake of its bookings only.
    """

    id: uuid.UUID
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    slot_interval_minutes: int | None
    min_notice_minutes: int | None
    max_per_day: int | None
    capacity: int
    resource_kinds: Sequence[str]
    price_amount_minor: int | None
    price_currency: str | None
    active: bool
    deleted: bool


@dataclass(frozen=True)
class ShopRules:
    """The rules of a shop at one moment.

    Attributes:
        since: Overrides and absences that were over before are left out.
        services: All of them, deleted ones too.
        providers: Those that are not deleted.
        offering: For each service the active providers that offer it, lowest id
            first.
        resources: The active ones by kind, lowest id first.
        plans: Working hours by provider, in the order of their first dates; who has
            none is left out.
        overrides: By provider and date.
        absences: Time off by provider, in order.
        closures: Of the whole shop, in order.
    """

    since: dt.datetime
    policy: Policy
    zone: ZoneInfo
    services: Mapping[uuid.UUID, ServiceRules]
    providers: frozenset[uuid.UUID]
    offering: Mapping[uuid.UUID, Sequence[uuid.UUID]]
    resources: Mapping[str, Sequence[uuid.UUID]]
    plans: Mapping[uuid.UUID, Sequence[Plan]]
    overrides: Mapping[uuid.UUID, Mapping[dt.date, Sequence[Period]]]
    absences: Mapping[uuid.UUID, Sequence[Span]]
    closures: Sequence[Span]

    def calendar(
        self,
        provider_id: uuid.UUID,
        window: Span,
        *,
        taken: Sequence[Taken] = (),
        allowances: Sequence[Allowance] = (),
    ) -> Calendar:
        """A provider's time in a window, and at least a day around it.

        Args:
            provider_id: Whose.
            window: Absences and closures that touch it count.
            taken: The provider's allocations.
            allowances: One for each daily cap that holds.
        """
        return Calendar(
            provider_id=provider_id,
            shifts=shifts(
                self.plans.get(provider_id, ()),
                self.overrides.get(provider_id, {}),
                first=local_date(window[0] - DAY, self.zone),
                last=local_date(window[1] + DAY, self.zone),
                zone=self.zone,
            ),
            time_off=_touching(self.absences.get(provider_id, ()), window),
            closures=_touching(self.closures, window),
            taken=taken,
            allowances=allowances,
        )


def _touching(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    return [span for span in spans if span[0] < window[1] and window[0] < span[1]]
