"""Those who come without a booking."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Versioned
from booking_service.models.bookings import ids_column


class WalkIn(Identified, Versioned, ShopBase):
    """One who joined the queue.

    ``provider_id`` is who is asked for, None being anyone, and who serves once it is
    served; ``resource_ids`` are what it takes then. Duration and buffer are the
    service's at the time of joining. It leaves by itself at ``expires_at`` if nothing
    else becomes of it.

    When it would be served is estimated: ``first_p50`` and ``first_p90`` when it joined,
    ``latest_p50`` and ``latest_p90`` when somebody last looked.
    """

    __tablename__ = "walk_ins"
    __table_args__ = (
        CheckConstraint(
            "status in ('waiting', 'called', 'in_service', 'done', 'left')",
            name="status_known",
        ),
        Index("walk_ins_joined_at_idx", "joined_at", "id"),
        Index(
            "walk_ins_live_idx",
            "joined_at",
            postgresql_where=text("status in ('waiting', 'called', 'in_service')"),
        ),
        Index(
            "walk_ins_finished_at_idx",
            "finished_at",
            postgresql_where=text("finished_at is not null"),
        ),
        Index("walk_ins_client_idx", "client_id"),
        Index(
            "walk_ins_one_place_key",
            "client_id",
            unique=True,
            postgresql_where=text("status in ('waiting', 'called')"),
        ),
    )

    service_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("services.id"))
    provider_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("providers.id"))
    resource_ids: Mapped[list[uuid.UUID]] = ids_column()
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clients.id"))
    name: Mapped[str | None] = mapped_column(Text)
    duration_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    status: Mapped[str] = mapped_column(Text)
    joined_at: Mapped[dt.datetime]
    called_at: Mapped[dt.datetime | None]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]
    first_p50: Mapped[dt.datetime | None]
    first_p90: Mapped[dt.datetime | None]
    latest_p50: Mapped[dt.datetime | None]
    latest_p90: Mapped[dt.datetime | None]
    schedule_version: Mapped[int] = mapped_column(default=1)
    event_sequence: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[dt.datetime]

    @property
    def provider_ids(self) -> tuple[uuid.UUID, ...]:
        """Who is asked for or serves, if anyone."""
        return () if self.provider_id is None else (self.provider_id,)
