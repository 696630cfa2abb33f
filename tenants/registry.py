"""Which shop a token means."""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import TTLCache
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tenants.database import BoundShop, Database
from tenants.errors import ShopNotFound, ShopSuspended, ShopUnknown
from tenants.models import SLUG_PATTERN, ShopRecord, SlugRecord, Status

# A change of status reaches every process within this time.
CACHE_SECONDS = 3.0
CACHED_SHOPS = 10_000


@dataclass(frozen=True)
class RegisteredShop:
    """A row of the registry and the issuer its tokens must come from."""

    shop: BoundShop
    issuer: str
    created_at: dt.datetime


class Registry:
    """Finds shops by ``(issuer, slug)`` and remembers them for a few seconds."""

    def __init__(
        self, database: Database, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        """Read from the control plane of ``database``.

        Args:
            database: Its cells.
            timer: Seconds since whenever, by which what is remembered ages.
        """
        self._database = database
        self._cache: TTLCache[str, RegisteredShop] = TTLCache(
            CACHED_SHOPS, CACHE_SECONDS, timer=timer
        )
        self._lock = threading.Lock()

    def bind(self, claims: Mapping[str, object]) -> BoundShop:
        """The shop of a verified token.

        Args:
            claims: The token's; ``iss``, ``shop`` (a slug, former ones too) and
                ``iat`` (seconds since 1970) are read.

        Raises:
            ShopUnknown: No such shop, another issuer's, or the token is older
                than the shop.
            ShopSuspended: It is closed by the platform.
        """
        slug, issued_at = claims.get("shop"), claims.get("iat")
        if not isinstance(slug, str) or not re.fullmatch(SLUG_PATTERN, slug, re.ASCII):
            raise ShopUnknown
        if not isinstance(issued_at, int | float):
            raise ShopUnknown
        found = self._find(slug)
        if found is None or found.issuer != claims.get("iss"):
            raise ShopUnknown
        if issued_at < int(found.created_at.timestamp()):
            raise ShopUnknown
        if found.shop.status == Status.SUSPENDED:
            raise ShopSuspended
        return found.shop

    def bind_by_id(self, shop_id: uuid.UUID) -> BoundShop:
        """The open shop with this id, for a request that needs no token.

        Raises:
            ShopUnknown: There is none, or it is not open.
        """
        with self._database.control_transaction() as session:
            record = session.get(ShopRecord, shop_id)
            if record is None or record.status != Status.ACTIVE:
                raise ShopUnknown
            return bound(record)

    def forget(self) -> None:
        """Drop what is remembered, after a change made by this process."""
        with self._lock:
            self._cache.clear()

    def _find(self, slug: str) -> RegisteredShop | None:
        with self._lock:
            cached = self._cache.get(slug)
        if cached is not None:
            return cached
        with self._database.control_transaction() as session:
            record = find_by_any_slug(session, slug)
        if record is None or record.status not in (Status.ACTIVE, Status.SUSPENDED):
            return None
        found = RegisteredShop(bound(record), record.issuer, record.created_at)
        with self._lock:
            self._cache[slug] = found
        return found


def bound(record: ShopRecord) -> BoundShop:
    """What a transaction needs of a registry row.

    Raises:
        ShopNotFound: The shop has not been made yet.
    """
    if record.role is None:
        raise ShopNotFound
    return BoundShop(
        id=record.id,
        slug=record.slug,
        status=record.status,
        cell=record.cell,
        schema=record.schema,
        role=record.role,
    )


def find_by_any_slug(
    session: Session, slug: str, *, for_update: bool = False
) -> ShopRecord | None:
    """The shop that a slug names or once named, locked if it is to change."""
    query = select(ShopRecord).join(SlugRecord).where(SlugRecord.slug == slug)
    if for_update:
        query = query.with_for_update(of=ShopRecord, key_share=True)
    return session.scalar(query)


def require_by_slug(session: Session, slug: str, *, for_update: bool = False) -> ShopRecord:
    """The shop with this slug that is not deleted, locked if it is to change.

    Raises:
        ShopNotFound: There is none.
    """
    record = find_by_any_slug(session, slug, for_update=for_update)
    if record is None or record.status == Status.DELETED:
        raise ShopNotFound
    return record


def page_of_shops(
    session: Session, *, after: str | None, limit: int, issuer: str | None = None
) -> Sequence[ShopRecord]:
    """Shops that are not deleted, by slug, from behind ``after`` on.

    Args:
        session: The control plane's.
        after: The slug behind which to begin; None: from the first one on.
        limit: How many at most.
        issuer: Whose shops alone are wanted; None: everyone's.
    """
    query = select(ShopRecord).where(ShopRecord.status != Status.DELETED)
    if issuer is not None:
        query = query.where(ShopRecord.issuer == issuer)
    if after is not None:
        query = query.where(ShopRecord.slug > after)
    return session.scalars(query.order_by(ShopRecord.slug).limit(limit)).all()


def all_shops(session: Session, *, after: str | None = None) -> Sequence[ShopRecord]:
    """Every shop that has a schema, by slug."""
    made = (Status.ACTIVE, Status.SUSPENDED)
    query = select(ShopRecord).where(ShopRecord.status.in_(made))
    if after is not None:
        query = query.where(ShopRecord.slug > after)
    return session.scalars(query.order_by(ShopRecord.slug)).all()


def deleted_shops(
    session: Session, *, purge_by: dt.datetime | None = None
) -> Sequence[ShopRecord]:
    """Deleted shops whose data is still there, by slug.

    Args:
        session: The control plane's.
        purge_by: Those alone whose time of grace is over by then; None: all.
    """
    query = select(ShopRecord).where(
        ShopRecord.status == Status.DELETED, ShopRecord.role.is_not(None)
    )
    if purge_by is not None:
        query = query.where(ShopRecord.purge_after <= purge_by)
    return session.scalars(query.order_by(ShopRecord.slug)).all()


def set_name_and_timezone(
    session: Session, *, shop_id: uuid.UUID, name: str, timezone: str
) -> None:
    """Repeat in the registry what the shop says of itself, for the platform's lists."""
    session.execute(
        update(ShopRecord)
        .where(ShopRecord.id == shop_id)
        .values(name=name, timezone=timezone)
    )
