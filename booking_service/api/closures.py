"""``/closures``: when the whole shop is closed."""

from __future__ import annotations

import uuid

import flask

from booking_service.api import exchange
from booking_service.api.exchange import Body, Json
from booking_service.api.spans import serialise_stretch
from booking_service.models import Closure
from booking_service.services import closures
from tenants.middleware import shop_transaction


def list_closures(limit: int | None = None, cursor: str | None = None) -> flask.Response:
    """``GET /closures``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        return exchange.listed(closures.list_closures(session, page=page), serialise)


def create_closure(body: Body) -> flask.Response:
    """``POST /closures``."""
    with shop_transaction() as session:
        closure = closures.create_closure(session, members=exchange.members(body))
        answer = serialise(closure)
    location = f"/closures/{closure.id}"
    return exchange.created(answer, version=closure.version, location=location)


def get_closure(closure_id: str) -> flask.Response:
    """``GET /closures/{closure_id}``."""
    with shop_transaction() as session:
        closure = closures.get_closure(session, closure_id=uuid.UUID(closure_id))
        answer = serialise(closure)
    return exchange.ok(answer, version=closure.version)


def update_closure(closure_id: str, body: Body) -> flask.Response:
    """``PUT /closures/{closure_id}``."""
    with shop_transaction() as session:
        closure = closures.update_closure(
            session, closure_id=uuid.UUID(closure_id), changes=exchange.members(body)
        )
        answer = serialise(closure)
    return exchange.ok(answer, version=closure.version)


def delete_closure(closure_id: str) -> flask.Response:
    """``DELETE /closures/{closure_id}``."""
    with shop_transaction() as session:
        closures.delete_closure(session, closure_id=uuid.UUID(closure_id))
    return exchange.gone()


def serialise(closure: Closure) -> Json:
    """A closure as the contract's ``Closure``."""
    return {"id": str(closure.id), **serialise_stretch(closure)}
