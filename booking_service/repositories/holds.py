"""Holds."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from booking_service.errors import NotFound
from booking_service.models import Hold


def find_for_update(session: Session, hold_id: uuid.UUID) -> Hold | None:
    """The hold, locked; None if it is gone."""
    return session.scalar(_by_id(hold_id).with_for_update())


def require(session: Session, hold_id: uuid.UUID, *, now: dt.datetime) -> Hold:
    """The hold, which has not expired.

    Raises:
        NotFound: There is none with this id, or no more.
    """
    return _live(session.scalar(_by_id(hold_id)), now)


def require_for_update(session: Session, hold_id: uuid.UUID, *, now: dt.datetime) -> Hold:
    """The same, locked until the transaction ends.

    Raises:
        NotFound: There is none with this id, or no more.
    """
    return _live(find_for_update(session, hold_id), now)


def is_live(session: Session, hold_id: uuid.UUID, *, now: dt.datetime) -> bool:
    """Say whether a hold is there and has not expired."""
    query = select(Hold.id).where(Hold.id == hold_id, Hold.expires_at > now)
    return session.scalar(query) is not None


def is_of(session: Session, hold_id: uuid.UUID, role: str, subject: str) -> bool:
    """Say whether a hold was made for the bearer of such a token."""
    query = select(Hold.role, Hold.subject).where(Hold.id == hold_id)
    return session.execute(query).one_or_none() == (role, subject)


def prune(session: Session, *, now: dt.datetime) -> None:
    """Remove what has expired, but what is just being used."""
    expired = select(Hold.id).where(Hold.expires_at <= now)
    ids = expired.with_for_update(skip_locked=True).scalar_subquery()
    session.execute(delete(Hold).where(Hold.id.in_(ids)))


def _by_id(hold_id: uuid.UUID) -> Select[Hold]:
    return select(Hold).where(Hold.id == hold_id)


def _live(hold: Hold | None, now: dt.datetime) -> Hold:
    if hold is None or hold.expires_at <= now:
        raise NotFound("hold")
    return hold
