"""What handlers take from a request."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flask
from connexion.context import operation

from booking_service.api.cursors import Cursors
from booking_service.api.security import claims, needs_shop, operation_of
from booking_service.api.times import parse_date, parse_instant, parse_window
from booking_service.domain.actors import Actor, Role
from booking_service.domain.permissions import scope_of
from booking_service.errors import InvalidInput, RoleMayNot, Unauthenticated
from booking_service.repositories.paging import Key, PageRequest
from tenants.middleware import current_shop

CLOCK = "clock"
CURSORS = "cursors"
DEFAULT_LIMIT = 50

Body = Mapping[str, Any]

_PARSERS: Mapping[str, Callable[[str], object]] = {
    "starts_at": parse_instant,
    "ends_at": parse_instant,
    "started_at": parse_instant,
    "finished_at": parse_instant,
    "starts_on": parse_date,
    "ends_on": parse_date,
    "service_id": uuid.UUID,
    "provider_id": uuid.UUID,
    "client_id": uuid.UUID,
    "hold_id": uuid.UUID,
}


def now() -> dt.datetime:
    """The instant of this request: asked once, the same to its end."""
    if "now" not in flask.g:
        flask.g.now = flask.current_app.extensions[CLOCK]()
    instant: dt.datetime = flask.g.now
    return instant


def operation_name() -> str:
    """The contract's name of the operation that is asked for."""
    return operation_of(operation.operation_id)


def actor() -> Actor:
    """Who asks."""
    token = claims()
    if token is None:
        raise Unauthenticated
    role = Role(token["role"])
    scope = scope_of(operation_name(), role)
    if scope is None:
        raise RoleMayNot
    return Actor(role, token["sub"], scope)


def members(body: Body) -> dict[str, Any]:
    """A body with its dates, times and ids parsed."""
    return {
        name: _PARSERS[name](value) if name in _PARSERS and value is not None else value
        for name, value in body.items()
    }


def window(first: str, last: str) -> tuple[dt.datetime, dt.datetime]:
    """The instants of the parameters ``from`` and ``to``.

    Raises:
        InvalidInput: ``to`` is not after ``from``.
    """
    found = parse_window(first, last)
    if found is None:
        raise InvalidInput.at("#/query/to", "must be after from")
    return found


def by_id(texts: list[str]) -> Key:
    """The key of a list that is in the order of ids."""
    return (uuid.UUID(texts[0]),)


def page_request(
    limit: int | None, cursor: str | None, parse: Callable[[list[str]], Key]
) -> PageRequest:
    """The page that the query asks for.

    Args:
        limit: How many items at most.
        cursor: As it was given out, or None for the first page.
        parse: Makes the list's key of the cursor's texts.

    Raises:
        InvalidCursor: It was not given out for this list.
    """
    after = _cursors().read(cursor, _list_name(), parse) if cursor else None
    return PageRequest(limit or DEFAULT_LIMIT, after)


def next_cursor(key: Key | None) -> str | None:
    """The cursor behind a page that ends at ``key``; None behind the last one."""
    return _cursors().write(key, _list_name()) if key is not None else None


def _cursors() -> Cursors:
    cursors: Cursors = flask.current_app.extensions[CURSORS]
    return cursors


def _list_name() -> str:
    """What a cursor belongs to: the shop, the list and its filters."""
    token = claims()
    shop = current_shop().id if token is not None and needs_shop(token) else ""
    filters = sorted(_filters(flask.request.args.items(multi=True)))
    who = (token["role"], token["sub"]) if token else ()
    return f"{shop} {who} {flask.request.path} {filters}"


def _filters(query: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return (pair for pair in query if pair[0] not in ("cursor", "limit"))
