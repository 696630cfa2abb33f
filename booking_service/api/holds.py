"""``/holds``: slots that are kept for a few minutes."""

from __future__ import annotations

import uuid

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.candidates import named_in
from booking_service.api.exchange import Body, actor, now
from booking_service.api.hold_json import serialise_hold
from booking_service.api.idempotency import create_once
from booking_service.api.refusals import alternatives_to
from booking_service.services import holds
from booking_service.services.holds import NewHold
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction


def create_hold(body: Body) -> flask.Response:
    """``POST /holds``."""
    members = exchange.members(body)
    wanted = NewHold(members["service_id"], members["starts_at"], named_in(body))

    def create(session: Session) -> Reply:
        hold = holds.create_hold(session, wanted=wanted, actor=actor(), now=now())
        return answers.created(serialise_hold(hold), location=f"/holds/{hold.id}")

    with alternatives_to(wanted):
        return create_once(body, create)


def get_hold(hold_id: str) -> flask.Response:
    """``GET /holds/{hold_id}``."""
    with shop_transaction() as session:
        hold = holds.get_hold(session, hold_id=uuid.UUID(hold_id), actor=actor(), now=now())
        answer = serialise_hold(hold)
    return answers.ok(answer)


def release_hold(hold_id: str) -> flask.Response:
    """``DELETE /holds/{hold_id}``."""
    with shop_transaction() as session:
        holds.release_hold(
            session,
            hold_id=uuid.UUID(hold_id),
            actor=actor(),
            guard=answers.guard(serialise_hold),
            now=now(),
        )
    return answers.gone()
