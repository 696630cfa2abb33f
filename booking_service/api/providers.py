"""``/providers``: those who serve."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor, now
from booking_service.api.idempotency import create_once
from booking_service.domain.actors import Actor
from booking_service.models import Provider
from booking_service.services import providers
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction


def list_providers(
    service_id: str | None = None, limit: int | None = None, cursor: str | None = None
) -> flask.Response:
    """``GET /providers``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    offering = uuid.UUID(service_id) if service_id else None
    asker = actor()
    with shop_transaction() as session:
        found = providers.list_providers(session, page=page, service_id=offering)
        return answers.listed(found, lambda each: serialise(each, asker))


def create_provider(body: Body) -> flask.Response:
    """``POST /providers``."""

    def create(session: Session) -> Reply:
        provider = providers.create_provider(session, members=_members(body), now=now())
        return answers.created(
            serialise(provider, actor()), location=f"/providers/{provider.id}"
        )

    return create_once(body, create)


def get_provider(provider_id: str) -> flask.Response:
    """``GET /providers/{provider_id}``."""
    with shop_transaction() as session:
        provider = providers.get_provider(session, provider_id=uuid.UUID(provider_id))
        answer = serialise(provider, actor())
    return answers.ok(answer)


def update_provider(provider_id: str, body: Body) -> flask.Response:
    """``PUT /providers/{provider_id}``."""
    asker = actor()
    with shop_transaction() as session:
        provider = providers.update_provider(
            session,
            provider_id=uuid.UUID(provider_id),
            changes=_members(body),
            guard=answers.guard(lambda each: serialise(each, asker)),
            now=now(),
        )
        answer = serialise(provider, actor())
    return answers.ok(answer)


def delete_provider(provider_id: str) -> flask.Response:
    """``DELETE /providers/{provider_id}``."""
    asker = actor()
    with shop_transaction() as session:
        providers.delete_provider(
            session,
            provider_id=uuid.UUID(provider_id),
            guard=answers.guard(lambda each: serialise(each, asker)),
            now=now(),
        )
    return answers.gone()


def serialise(provider: Provider, asker: Actor) -> Json:
    """A provider as the contract's ``Provider``; clients see its public half."""
    public = {
        "id": str(provider.id),
        "name": provider.name,
        "service_ids": sorted(str(offer.service_id) for offer in provider.offers),
    }
    if asker.is_client:
        return public
    return public | {
        "email": provider.email,
        "phone": provider.phone,
        "active": provider.active,
        "subject": provider.subject,
    }


def _members(body: Body) -> dict[str, Any]:
    given = dict(body)
    if "service_ids" in given:
        given["service_ids"] = [uuid.UUID(each) for each in given["service_ids"]]
    return given
