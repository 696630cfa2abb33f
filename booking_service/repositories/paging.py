"""Keyset pages: the rows behind a key, in the key's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

Row = TypeVar("Row")
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list; ``next_key`` is the last one's key if more follow."""

    items: Sequence[Row]
    next_key: Key | None


@dataclass(frozen=True)
class PageRequest:
    """Which page: at most ``limit`` rows behind the key ``after``."""

    limit: int
    after: Key | None = None


def fetch_page(
    session: Session,
    query: Select[Row],
    *,
    key: Sequence[InstrumentedAttribute[Any]],
    page: PageRequest,
) -> Page[Row]:
    """Run ``query`` for one page.

    Args:
        session: A transaction pinned to the shop.
        query: Selects one entity, without order or limit.
        key: Columns of that entity, unique together, that order the list.
        page: What was asked for.
    """
    if page.after is not None:
        query = query.where(tuple_(*key) > page.after)
    rows = session.scalars(query.order_by(*key).limit(page.limit + 1)).all()
    items = rows[: page.limit]
    more = len(rows) > page.limit
    last = items[-1] if items and more else None
    next_key = tuple(getattr(last, column.key) for column in key) if last else None
    return Page(items, next_key)
