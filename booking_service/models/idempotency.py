"""Answers that are kept for requests that come twice."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import ShopBase


class KeptAnswer(ShopBase):
    """What a request with an ``Idempotency-Key`` was answered.

    Schema ``control`` has the same table, for what the platform creates.

    Attributes:
        id: A digest of the key and of whose and which operation's it is.
        fingerprint: A digest of the request.
        status: Null while the work is not done.
    """

    __tablename__ = "kept_answers"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    fingerprint: Mapped[uuid.UUID] = mapped_column(Uuid)
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
