"""``/providers/{provider_id}/time-off``: when providers are away."""

from __future__ import annotations

import uuid

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor, now
from booking_service.api.idempotency import create_once
from booking_service.api.rehearsals import rehearsable
from booking_service.api.spans import serialise_stretch
from booking_service.models import TimeOff
from booking_service.services import time_off
from booking_service.services.idempotency import Reply
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
        return answers.listed(found, serialise)


@rehearsable
def create_time_off(
    provider_id: str, body: Body, *, dry_run: bool = False
) -> flask.Response:
    """``POST /providers/{provider_id}/time-off``."""

    def create(session: Session) -> Reply:
        absence = time_off.create_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            members=exchange.members(body),
            actor=actor(),
            now=now(),
            dry_run=dry_run,
        )
        return answers.created(
            serialise(absence),
            location=f"/providers/{absence.provider_id}/time-off/{absence.id}",
        )

    return create_once(body, create)


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
    return answers.ok(answer)


@rehearsable
def update_time_off(
    provider_id: str, time_off_id: str, body: Body, *, dry_run: bool = False
) -> flask.Response:
    """``PUT /providers/{provider_id}/time-off/{time_off_id}``."""
    with shop_transaction() as session:
        absence = time_off.update_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            time_off_id=uuid.UUID(time_off_id),
            changes=exchange.members(body),
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
            dry_run=dry_run,
        )
        answer = serialise(absence)
    return answers.ok(answer)


@rehearsable
def delete_time_off(
    provider_id: str, time_off_id: str, *, dry_run: bool = False
) -> flask.Response:
    """``DELETE /providers/{provider_id}/time-off/{time_off_id}``."""
    with shop_transaction() as session:
        time_off.delete_time_off(
            session,
            provider_id=uuid.UUID(provider_id),
            time_off_id=uuid.UUID(time_off_id),
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
            dry_run=dry_run,
        )
    return answers.gone()


def serialise(absence: TimeOff) -> Json:
    """An absence as the contract's ``TimeOff``."""
    return {"id": str(absence.id), **serialise_stretch(absence)}
