"""A request that comes twice is done once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.errors import KeyReused, RequestInFlight
from booking_service.models import KeptAnswer
from booking_service.repositories import idempotency

KEPT = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Attempt:
    """A request that may have been made before.

    Attributes:
        key: A digest of the client's key, and of whose and which operation's it is.
        fingerprint: A digest of what is asked for.
    """

    key: uuid.UUID
    fingerprint: uuid.UUID


@dataclass(frozen=True)
class Reply:
    """An answer that can be given again.

    Attributes:
        body: As it is sent.
        location: The path of what was created.
        is_replay: Whether it was given before.
    """

    status: int
    body: str
    location: str
    is_replay: bool = False


def once(
    session: Session,
    attempt: Attempt | None,
    *,
    now: dt.datetime,
    work: Callable[[], Reply],
    still_true: Callable[[Reply], bool] = lambda _: True,
) -> Reply:
    """Do the work, or answer as the first time.

    The answer is kept in the transaction that does the work: neither is there
    without the other. What raises is not kept and is judged again.

    Args:
        session: The transaction of the work.
        attempt: None if the client gave no key: the work is done.
        now: The request's instant.
        work: Creates, and says what to answer.
        still_true: Whether an answer may be given again; else the work is done anew.

    Raises:
        RequestInFlight: The same request is being done at this moment.
        KeyReused: The key was used for another request.
    """
    if attempt is None:
        return work()
    if not idempotency.try_lock(session, attempt.key):
        raise RequestInFlight
    reply = find(session, attempt, now=now)
    if reply is None or not still_true(reply):
        reply = work()
        keep(session, attempt, reply, now=now)
    return reply


def find(session: Session, attempt: Attempt, *, now: dt.datetime) -> Reply | None:
    """The answer that was given before, if there was one.

    Raises:
        KeyReused: It was given to another request.
    """
    kept = idempotency.find(session, attempt.key, since=now - KEPT)
    if kept is None:
        return None
    if kept.fingerprint != attempt.fingerprint:
        raise KeyReused
    if kept.status is None:
        return None
    return Reply(kept.status, kept.body or "", kept.location or "", is_replay=True)


def is_reserved(session: Session, attempt: Attempt, *, now: dt.datetime) -> bool:
    """Say whether this very request has begun and was not answered yet."""
    kept = idempotency.find(session, attempt.key, since=now - KEPT)
    return (
        kept is not None and kept.status is None and kept.fingerprint == attempt.fingerprint
    )


def reserve(session: Session, attempt: Attempt, *, now: dt.datetime) -> bool:
    """Keep a key for work that takes several transactions.

    Returns:
        False if the work has been done meanwhile, and answered.

    Raises:
        RequestInFlight: Somebody is about to reserve it.
        KeyReused: It was used for another request.
    """
    if not idempotency.try_lock(session, attempt.key):
        raise RequestInFlight
    if find(session, attempt, now=now) is not None:
        return False
    return idempotency.reserve(
        session,
        KeptAnswer(id=attempt.key, fingerprint=attempt.fingerprint, created_at=now),
        since=now - KEPT,
    )


def keep(session: Session, attempt: Attempt, reply: Reply, *, now: dt.datetime) -> None:
    """Keep an answer for those who ask again."""
    idempotency.keep(
        session,
        KeptAnswer(
            id=attempt.key,
            fingerprint=attempt.fingerprint,
            status=reply.status,
            location=reply.location,
            body=reply.body,
            created_at=now,
        ),
    )


def prune(session: Session, *, now: dt.datetime) -> None:
    """Forget answers whose time is over."""
    idempotency.prune(session, before=now - KEPT)
