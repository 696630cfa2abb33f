"""``/clients``: those who are served."""

from __future__ import annotations

import uuid

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, bookings, exchange, walk_ins
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor, now
from booking_service.api.idempotency import create_once
from booking_service.models import Client
from booking_service.services import clients, erasure
from booking_service.services.erasure import ClientExport
from booking_service.services.idempotency import Reply
from booking_service.services.walk_ins import Placed
from tenants.middleware import shop_transaction


def list_clients(limit: int | None = None, cursor: str | None = None) -> flask.Response:
    """``GET /clients``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        found = clients.list_clients(session, page=page, actor=actor())
        return answers.listed(found, serialise)


def create_client(body: Body) -> flask.Response:
    """``POST /clients``."""

    def create(session: Session) -> Reply:
        client = clients.create_client(session, members=body, now=now())
        return answers.created(serialise(client), location=f"/clients/{client.id}")

    return create_once(body, create)


def get_client(client_id: str) -> flask.Response:
    """``GET /clients/{client_id}``."""
    with shop_transaction() as session:
        client = clients.get_client(session, client_id=uuid.UUID(client_id), actor=actor())
        answer = serialise(client)
    return answers.ok(answer)


def update_client(client_id: str, body: Body) -> flask.Response:
    """``PUT /clients/{client_id}``."""
    with shop_transaction() as session:
        client = clients.update_client(
            session,
            client_id=uuid.UUID(client_id),
            changes=body,
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(client)
    return answers.ok(answer)


def get_own_client() -> flask.Response:
    """``GET /clients/me``."""
    with shop_transaction() as session:
        client = clients.get_own_client(session, actor=actor(), now=now())
        answer = serialise(client)
    return answers.ok(answer)


def update_own_client(body: Body) -> flask.Response:
    """``PUT /clients/me``."""
    with shop_transaction() as session:
        client = clients.update_own_client(
            session,
            changes=body,
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(client)
    return answers.ok(answer)


def delete_client(client_id: str) -> flask.Response:
    """``DELETE /clients/{client_id}``."""
    with shop_transaction() as session:
        erasure.erase_client(
            session,
            client_id=uuid.UUID(client_id),
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
        )
    return answers.gone()


def get_client_export(client_id: str) -> flask.Response:
    """``GET /clients/{client_id}/export``."""
    with shop_transaction() as session:
        found = erasure.export_client(session, client_id=uuid.UUID(client_id))
        answer = _exported(found)
    return answers.ok(answer)


def get_own_client_export() -> flask.Response:
    """``GET /clients/me/export``."""
    with shop_transaction() as session:
        found = erasure.export_own_client(session, actor=actor(), now=now())
        answer = _exported(found)
    return answers.ok(answer)


def _exported(found: ClientExport) -> Json:
    """An export as the contract's ``ClientExport``."""
    return {
        "client": serialise(found.client),
        "bookings": [bookings.serialise(each) for each in found.bookings],
        "walk_ins": [walk_ins.serialise(Placed(each, None)) for each in found.walk_ins],
    }


def serialise(client: Client) -> Json:
    """A client as the contract's ``Client``."""
    return {
        "id": str(client.id),
        "name": client.name,
        "email": client.email,
        "phone": client.phone,
        "locale": client.locale,
        "notification_channels": client.notification_channels,
        "subject": client.subject,
    }
