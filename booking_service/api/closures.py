"""``/closures``: when the whole shop is closed."""

from __future__ import annotations

import uuid

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, now
from booking_service.api.idempotency import create_once
from booking_service.api.rehearsals import rehearsable
from booking_service.api.spans import serialise_stretch
from booking_service.models import Closure
from booking_service.services import closures
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction


def list_closures(limit: int | None = None, cursor: str | None = None) -> flask.Response:
    """``GET /closures``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        return answers.listed(closures.list_closures(session, page=page), serialise)


@rehearsable
def create_closure(body: Body, *, dry_run: bool = False) -> flask.Response:
    """``POST /closures``."""

    def create(session: Session) -> Reply:
        closure = closures.create_closure(
            session, members=exchange.members(body), now=now(), dry_run=dry_run
        )
        return answers.created(serialise(closure), location=f"/closures/{closure.id}")

    return create_once(body, create)


def get_closure(closure_id: str) -> flask.Response:
    """``GET /closures/{closure_id}``."""
    with shop_transaction() as session:
        closure = closures.get_closure(session, closure_id=uuid.UUID(closure_id))
        answer = serialise(closure)
    return answers.ok(answer)


@rehearsable
def update_closure(closure_id: str, body: Body, *, dry_run: bool = False) -> flask.Response:
    """``PUT /closures/{closure_id}``."""
    with shop_transaction() as session:
        closure = closures.update_closure(
            session,
            closure_id=uuid.UUID(closure_id),
            changes=exchange.members(body),
            guard=answers.guard(serialise),
            now=now(),
            dry_run=dry_run,
        )
        answer = serialise(closure)
    return answers.ok(answer)


@rehearsable
def delete_closure(closure_id: str, *, dry_run: bool = False) -> flask.Response:
    """``DELETE /closures/{closure_id}``."""
    with shop_transaction() as session:
        closures.delete_closure(
            session,
            closure_id=uuid.UUID(closure_id),
            guard=answers.guard(serialise),
            now=now(),
            dry_run=dry_run,
        )
    return answers.gone()


def serialise(closure: Closure) -> Json:
    """A closure as the contract's ``Closure``."""
    return {"id": str(closure.id), **serialise_stretch(closure)}
