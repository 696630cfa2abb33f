"""Answers that are kept for requests that come twice.

Works in a shop's transaction and in the control plane's: either schema has the
table.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.models import KeptAnswer

_TRY_LOCK = text("select pg_try_advisory_xact_lock(:key)")
_FIND = select(KeptAnswer).where(
    KeptAnswer.id == bindparam("id"), KeptAnswer.created_at > bindparam("since")
)
_INSERT = insert(KeptAnswer)
_KEEP = _INSERT.on_conflict_do_update(
    index_elements=[KeptAnswer.id],
    set_={
        name: _INSERT.excluded[name]
        for name in ("fingerprint", "status", "location", "body", "created_at")
    },
)

_RESERVE = _INSERT.on_conflict_do_update(
    index_elements=[KeptAnswer.id],
    set_={
        name: _INSERT.excluded[name]
        for name in ("fingerprint", "status", "location", "body", "created_at")
    },
    where=KeptAnswer.status.is_(None) | (KeptAnswer.created_at <= bindparam("since")),
).returning(KeptAnswer.id)


def try_lock(session: Session, key: uuid.UUID) -> bool:
    """Keep others that ask for the same away; False if one is at it."""
    number = int.from_bytes(key.bytes[:8], "big", signed=True)
    return bool(session.execute(_TRY_LOCK, {"key": number}).scalar_one())


def find(session: Session, key: uuid.UUID, *, since: dt.datetime) -> KeptAnswer | None:
    """What is kept under a key and not older than ``since``."""
    return session.scalar(_FIND, {"id": key, "since": since})


def keep(session: Session, answer: KeptAnswer) -> None:
    """Keep an answer in place of what its key had before."""
    values = {column.key: getattr(answer, column.key) for column in KeptAnswer.__table__.c}
    session.execute(_KEEP, values)


def reserve(session: Session, answer: KeptAnswer, *, since: dt.datetime) -> bool:
    """Keep a key that has no answer; False if it was answered after ``since``.

    Waits for whoever is about to answer it.
    """
    values = {column.key: getattr(answer, column.key) for column in KeptAnswer.__table__.c}
    return session.execute(_RESERVE, {**values, "since": since}).first() is not None


def prune(session: Session, *, before: dt.datetime) -> None:
    """Forget what was kept before an instant."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < before))
