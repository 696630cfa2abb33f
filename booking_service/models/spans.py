"""A stretch of time, stated as instants or as local dates."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, Text
from sqlalchemy.orm import Mapped, mapped_column


class Stretch:
    """Either two instants or two local dates, the last date included.

    Dates are kept as dates, so that they follow the shop into another zone.
    """

    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    starts_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(Text)


def stretch_constraints() -> tuple[CheckConstraint, ...]:
    """The constraints of a table of stretches."""
    return (
        CheckConstraint(
            "(starts_at is null) = (ends_at is null)"
            " and (starts_on is null) = (ends_on is null)"
            " and (starts_at is null) <> (starts_on is null)",
            name="instants_or_dates",
        ),
        CheckConstraint("starts_at < ends_at", name="instants_in_order"),
        CheckConstraint("starts_on <= ends_on", name="dates_in_order"),
    )
