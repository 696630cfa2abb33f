"""``/resources``: chairs, rooms and machines."""

from __future__ import annotations

import uuid

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, now
from booking_service.api.idempotency import create_once
from booking_service.models import Resource
from booking_service.services import resources
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction


def list_resources(
    kind: str | None = None, limit: int | None = None, cursor: str | None = None
) -> flask.Response:
    """``GET /resources``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        found = resources.list_resources(session, page=page, kind=kind)
        return answers.listed(found, serialise)


def create_resource(body: Body) -> flask.Response:
    """``POST /resources``."""

    def create(session: Session) -> Reply:
        resource = resources.create_resource(session, members=body, now=now())
        return answers.created(serialise(resource), location=f"/resources/{resource.id}")

    return create_once(body, create)


def get_resource(resource_id: str) -> flask.Response:
    """``GET /resources/{resource_id}``."""
    with shop_transaction() as session:
        resource = resources.get_resource(session, resource_id=uuid.UUID(resource_id))
        answer = serialise(resource)
    return answers.ok(answer)


def update_resource(resource_id: str, body: Body) -> flask.Response:
    """``PUT /resources/{resource_id}``."""
    with shop_transaction() as session:
        resource = resources.update_resource(
            session,
            resource_id=uuid.UUID(resource_id),
            changes=body,
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(resource)
    return answers.ok(answer)


def delete_resource(resource_id: str) -> flask.Response:
    """``DELETE /resources/{resource_id}``."""
    with shop_transaction() as session:
        resources.delete_resource(
            session,
            resource_id=uuid.UUID(resource_id),
            guard=answers.guard(serialise),
            now=now(),
        )
    return answers.gone()


def serialise(resource: Resource) -> Json:
    """A resource as the contract's ``Resource``."""
    return {
        "id": str(resource.id),
        "name": resource.name,
        "kind": resource.kind,
        "active": resource.active,
    }
