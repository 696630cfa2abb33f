"""Advisory locks of one shop, held to the end of the transaction.

Locks that a path takes together are taken in this order: the schedule key, the
booking's or client's row, the caps, a group's session, resources; several of one
kind in sorted order.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking_service.models import RULES
from booking_service.repositories import counters

_EXCLUSIVE = text("select pg_advisory_xact_lock(:key)")
_SHARED_KEY = text("select pg_advisory_xact_lock_shared(:key)")
# Two statements in one trip: the second sees what was committed while the first
# waited.
_SHARED = text(
    "select pg_advisory_xact_lock_shared(:key);"
    " select value from schedule_counters where resource_id = :rules"
)


def _key(session: Session, kind: str, name: object = "") -> int:
    named = f"{session.info['shop'].id}/{kind}/{name}".encode()
    digest = hashlib.blake2b(named, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def share_schedule(session: Session) -> int:
    """Keep the shop's rules as they are while time is taken under them.

    Returns:
        The counter of the rules, which now stands still.
    """
    names = {"key": _key(session, "schedule"), "rules": RULES}
    return session.execute(_SHARED, names).scalar_one_or_none() or 0


def change_schedule(session: Session) -> None:
    """Wait until nobody takes time, then keep all away while rules change.

    The counter of the rules is raised, so that everyone who remembers something
    that was made of them asks again.
    """
    session.execute(_EXCLUSIVE, {"key": _key(session, "schedule")})
    counters.raise_rules(session)


def count(session: Session, caps: Iterable[str]) -> None:
    """Keep others from counting towards these caps."""
    for key in sorted(_key(session, "cap", name) for name in caps):
        session.execute(_EXCLUSIVE, {"key": key})


def seat_groups(session: Session, groups: Iterable[uuid.UUID]) -> None:
    """Keep others from taking a seat of these group starts."""
    for key in sorted({_key(session, "session", each) for each in groups}):
        session.execute(_EXCLUSIVE, {"key": key})


def move_between(session: Session, resources: Iterable[uuid.UUID]) -> None:
    """Let one at a time move allocations of these resources."""
    for key in sorted({_key(session, "resource", each) for each in resources}):
        session.execute(_EXCLUSIVE, {"key": key})


def share_resources(session: Session, resources: Iterable[uuid.UUID]) -> None:
    """Take several resources while none of them is moved.

    Who takes several holds some and waits for others; the order of resources keeps
    two such from waiting for each other, but a move has its own before it begins.
    """
    for key in sorted({_key(session, "resource", each) for each in resources}):
        session.execute(_SHARED_KEY, {"key": key})
