"""``/providers/{provider_id}/time-off``: when providers are away."""

from __future__ import annotations

import uuid

import flask

from booking_service.api import exchange
from booking_service.api.exchange import Body, Json, actor
from booking_service.api.spans import serialise_stretch
from booking_service.models import TimeOff
from booking_service.services import time_off
from tenants.middleware import shop_transaction


def list_time_off(
    provider_id: str, limit: int | None = None, cursor: str | None = None
) -> flask.Response:
    """``GET /providers/{provider_id}/time-off``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        found = time_off.list_time_off(
            session, provider_id=uuid.UUID(provider_id), page=page, actor=actor()
        )
        return exchange.listed(found, serialise)


def create_time_off(provider_id: str, body: Body) -> flask.Response:
    """``POST /providers/{provider_id}/time-off``."""
    with shop_transaction() as session:
        absence = time_off.create_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            members=exchange.members(body),
            actor=actor(),
        )
        answer = serialise(absence)
    location = f"/providers/{absence.provider_id}/time-off/{absence.id}"
    return exchange.created(answer, version=absence.version, location=location)


def get_time_off(provider_id: str, time_off_id: str) -> flask.Response:
    """``GET /providers/{provider_id}/time-off/{time_off_id}``."""
    with shop_transaction() as session:
        absence = time_off.get_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            time_off_id=uuid.UUID(time_off_id),
            actor=actor(),
        )
        answer = serialise(absence)
    return exchange.ok(answer, version=absence.version)


def update_time_off(provider_id: str, time_off_id: str, body: Body) -> flask.Response:
    """``PUT /providers/{provider_id}/time-off/{time_off_id}``."""
    with shop_transaction() as session:
        absence = time_off.update_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            time_off_id=uuid.UUID(time_off_id),
            changes=exchange.members(body),
            actor=actor(),
        )
        answer = serialise(absence)
    return exchange.ok(answer, version=absence.version)


def delete_time_off(provider_id: str, time_off_id: str) -> flask.Response:
    """``DELETE /providers/{provider_id}/time-off/{time_off_id}``."""
    with shop_transaction() as session:
        time_off.delete_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            time_off_id=uuid.UUID(time_off_id),
            actor=actor(),
        )
    return exchange.gone()


def serialise(absence: TimeOff) -> Json:
    """An absence as the contract's ``TimeOff``."""
    return {"id": str(absence.id), **serialise_stretch(absence)}
