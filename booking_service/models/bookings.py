"""Appointments, and the time they take."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    column,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Stamped, Versioned


def ids_column() -> Mapped[list[uuid.UUID]]:
    """Ids in a column; none by default."""
    return mapped_column(ARRAY(Uuid), default=list, server_default=text("'{}'"))


def _index_of_ids(name: str) -> Index:
    return Index(
        f"bookings_{name}_idx",
        name,
        postgresql_using="gin",
        postgresql_where=text(f"{name} <> '{{}}'"),
    )


class Booking(Identified, Versioned, Stamped, ShopBase):
    """One appointment.

    Most have one provider; ``further_provider_ids`` are those who serve together
    with it. ``resource_ids`` are the chair, the room or the machine it takes.

    It ``needs_attention`` when the hours were changed so that it falls outside.

    Buffers and price are the service's at the time of booking and stay, also
    when the booking moves. ``local_start`` is what the start was called in
    ``timezone``, so that a change of the zone's rules can be found. ``started_at`` and
    ``finished_at`` are when the visit really began and ended, if staff say so.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="in_order"),
        CheckConstraint(
            "status in ('pending', 'confirmed', 'completed', 'no_show', 'cancelled')",
            name="status_known",
        ),
        CheckConstraint("started_at < finished_at", name="stamps_in_order"),
        Index("bookings_starts_at_idx", "starts_at", "id"),
        Index("bookings_provider_idx", "provider_id", "starts_at"),
        Index("bookings_client_idx", "client_id", "starts_at"),
        Index("bookings_service_idx", "service_id", "starts_at"),
        Index(
            "bookings_needs_attention_idx",
            "starts_at",
            "id",
            postgresql_where=text("needs_attention"),
        ),
        Index(
            "bookings_finished_at_idx",
            "finished_at",
            postgresql_where=text("finished_at is not null"),
        ),
        Index(
            "bookings_in_service_idx",
            "started_at",
            postgresql_where=text("started_at is not null and finished_at is null"),
        ),
        _index_of_ids("further_provider_ids"),
        _index_of_ids("resource_ids"),
    )

    provider_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("providers.id"))
    further_provider_ids: Mapped[list[uuid.UUID]] = ids_column()
    resource_ids: Mapped[list[uuid.UUID]] = ids_column()
    service_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("services.id"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id"))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    local_start: Mapped[dt.datetime] = mapped_column(DateTime(timezone=False))
    timezone: Mapped[str] = mapped_column(Text)
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    price_amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    price_currency: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    needs_attention: Mapped[bool] = mapped_column(default=False, server_default=false())
    notes: Mapped[str | None] = mapped_column(Text)
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    schedule_version: Mapped[int] = mapped_column(default=1)
    event_sequence: Mapped[int] = mapped_column(default=0)

    @property
    def provider_ids(self) -> tuple[uuid.UUID, ...]:
        """Everyone who serves; the first one leads."""
        return self.provider_id, *self.further_provider_ids


class Allocation(ShopBase):
    """A provider or another resource, taken for a range of time.

    The exclusion constraint is what makes a double booking impossible: two
    ranges of one resource overlap only if they are seats of one session.
    """

    __tablename__ = "allocations"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(booking_id, hold_id, walk_in_id) = 1", name="one_cause"
        ),
        CheckConstraint(
            "not isempty(blocked) and lower_inc(blocked) and not upper_inc(blocked)"
            " and not lower_inf(blocked) and not upper_inf(blocked)"
            " and isfinite(lower(blocked)) and isfinite(upper(blocked))",
            name="half_open",
        ),
        UniqueConstraint("session_id", "resource_id", "seat", name="allocations_seat_key"),
        ExcludeConstraint(
            (column("resource_id"), "="),
            (column("blocked"), "&&"),
            (column("session_id"), "<>"),
            name="allocations_no_overlap",
            using="gist",
        ),
        Index("allocations_booking_idx", "booking_id"),
        Index("allocations_hold_idx", "hold_id"),
        Index("allocations_walk_in_idx", "walk_in_id"),
        Index(
            "allocations_expires_at_idx",
            "expires_at",
            postgresql_where=text("expires_at is not null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[uuid.UUID]
    blocked: Mapped[Range[Any]] = mapped_column(TSTZRANGE)
    session_id: Mapped[uuid.UUID]
    seat: Mapped[int] = mapped_column(default=0)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE")
    )
    hold_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("holds.id", ondelete="CASCADE")
    )
    walk_in_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("walk_ins.id", ondelete="CASCADE")
    )
    expires_at: Mapped[dt.datetime | None]
