"""``/services``: what is offered."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, now
from booking_service.api.idempotency import create_once
from booking_service.models import Service
from booking_service.services import services
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction


def list_services(limit: int | None = None, cursor: str | None = None) -> flask.Response:
    """``GET /services``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        return answers.listed(services.list_services(session, page=page), serialise)


def create_service(body: Body) -> flask.Response:
    """``POST /services``."""

    def create(session: Session) -> Reply:
        service = services.create_service(session, members=_members(body), now=now())
        return answers.created(serialise(service), location=f"/services/{service.id}")

    return create_once(body, create)


def get_service(service_id: str) -> flask.Response:
    """``GET /services/{service_id}``."""
    with shop_transaction() as session:
        service = services.get_service(session, service_id=uuid.UUID(service_id))
        answer = serialise(service)
    return answers.ok(answer)


def update_service(service_id: str, body: Body) -> flask.Response:
    """``PUT /services/{service_id}``."""
    with shop_transaction() as session:
        service = services.update_service(
            session,
            service_id=uuid.UUID(service_id),
            changes=_members(body),
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(service)
    return answers.ok(answer)


def delete_service(service_id: str) -> flask.Response:
    """``DELETE /services/{service_id}``."""
    with shop_transaction() as session:
        services.delete_service(
            session,
            service_id=uuid.UUID(service_id),
            guard=answers.guard(serialise),
            now=now(),
        )
    return answers.gone()


def serialise(service: Service) -> Json:
    """A service as the contract's ``Service``."""
    price = None
    if service.price_amount_minor is not None:
        price = {
            "amount_minor": service.price_amount_minor,
            "currency": service.price_currency,
        }
    return {
        "id": str(service.id),
        "name": service.name,
        "description": service.description,
        "duration_minutes": service.duration_minutes,
        "buffer_before_minutes": service.buffer_before_minutes,
        "buffer_after_minutes": service.buffer_after_minutes,
        "slot_interval_minutes": service.slot_interval_minutes,
        "min_notice_minutes": service.min_notice_minutes,
        "max_per_day": service.max_per_day,
        "capacity": service.capacity,
        "resource_kinds": service.resource_kinds,
        "price": price,
        "active": service.active,
    }


def _members(body: Body) -> dict[str, Any]:
    given = dict(body)
    if "price" in given:
        price = given.pop("price") or {}
        given["price_amount_minor"] = price.get("amount_minor")
        given["price_currency"] = price.get("currency")
    return given
