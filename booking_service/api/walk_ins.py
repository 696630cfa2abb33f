"""``/walk-ins``: those who come without a booking."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import Any

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor, now
from booking_service.api.idempotency import create_once
from booking_service.api.times import parse_instant
from booking_service.domain.localtime import FIRST_INSTANT, rfc3339, rfc3339_or_none
from booking_service.domain.walk_ins import WalkInStatus, status_at
from booking_service.errors import InvalidInput
from booking_service.models import WalkIn
from booking_service.repositories.paging import Key
from booking_service.repositories.walk_ins import Accuracy, WalkInFilters
from booking_service.services import walk_in_changes, walk_ins
from booking_service.services.idempotency import Reply
from booking_service.services.queue import Place
from booking_service.services.walk_ins import NewWalkIn, Placed
from tenants.middleware import shop_transaction

# How far back the accuracy of estimates is looked at, unless it is said.
A_MONTH = dt.timedelta(days=30)


def list_walk_ins(
    provider_id: str | None = None,
    service_id: str | None = None,
    status: list[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> flask.Response:
    """``GET /walk-ins``."""
    filters = WalkInFilters(
        now=now(),
        subject=walk_ins.own_subject(actor()),
        provider_id=uuid.UUID(provider_id) if provider_id else None,
        service_id=uuid.UUID(service_id) if service_id else None,
        statuses=[WalkInStatus(each) for each in status or ()],
    )
    page = exchange.page_request(limit, cursor, _key)
    with shop_transaction() as session:
        found = walk_ins.list_walk_ins(
            session, page=page, filters=filters, actor=actor(), now=now()
        )
        return answers.listed(found, serialise)


def create_walk_in(body: Body) -> flask.Response:
    """``POST /walk-ins``."""
    wanted = NewWalkIn(**exchange.members(body))

    def create(session: Session) -> Reply:
        placed = walk_ins.create_walk_in(session, wanted=wanted, actor=actor(), now=now())
        return answers.created(serialise(placed), location=f"/walk-ins/{placed.walk_in.id}")

    return create_once(body, create)


def get_walk_in(walk_in_id: str) -> flask.Response:
    """``GET /walk-ins/{walk_in_id}``."""
    with shop_transaction() as session:
        placed = walk_ins.get_walk_in(
            session, walk_in_id=uuid.UUID(walk_in_id), actor=actor(), now=now()
        )
        answer = serialise(placed)
    return answers.ok(answer)


def update_walk_in(walk_in_id: str, body: Body) -> flask.Response:
    """``PUT /walk-ins/{walk_in_id}``."""
    which = uuid.UUID(walk_in_id)
    with shop_transaction() as session:
        walk_in_changes.update_walk_in(
            session,
            walk_in_id=which,
            changes=exchange.members(body),
            actor=actor(),
            guard=answers.guard(facts),
            now=now(),
        )
        placed = walk_ins.get_walk_in(session, walk_in_id=which, actor=actor(), now=now())
        answer = serialise(placed)
    return answers.ok(answer)


def get_wait_estimate(service_id: str, provider_id: str | None = None) -> flask.Response:
    """``GET /walk-ins/estimate``."""
    with shop_transaction() as session:
        place = walk_ins.estimate(
            session,
            service_id=uuid.UUID(service_id),
            provider_id=uuid.UUID(provider_id) if provider_id else None,
            actor=actor(),
            now=now(),
        )
    return answers.ok(_standing(place))


def get_wait_accuracy(**window: Any) -> flask.Response:
    """``GET /walk-ins/accuracy``; the window's ``from`` is a word of Python."""
    until = parse_instant(window["to"]) if "to" in window else now()
    before = min(A_MONTH, until - FIRST_INSTANT)
    since = parse_instant(window["from"]) if "from" in window else until - before
    if since >= until:
        raise InvalidInput.at("#/query/to", "must be after from")
    with shop_transaction() as session:
        served, first, latest = walk_ins.accuracy(session, since=since, until=until)
    return answers.ok(
        {
            "from": rfc3339(since),
            "to": rfc3339(until),
            "served": served,
            "first": _accuracy(first),
            "latest": _accuracy(latest),
        }
    )


def facts(walk_in: WalkIn) -> Json:
    """What is true of a walk-in until somebody changes it."""
    status = status_at(walk_in.status, walk_in.expires_at, now())
    return {
        "id": str(walk_in.id),
        "service_id": str(walk_in.service_id),
        "provider_id": _text(walk_in.provider_id),
        "resource_ids": [str(each) for each in walk_in.resource_ids],
        "client_id": _text(walk_in.client_id),
        "name": walk_in.name,
        "status": status,
        "expired": status is WalkInStatus.LEFT and walk_in.expires_at is not None,
        "joined_at": rfc3339(walk_in.joined_at),
        "called_at": rfc3339_or_none(walk_in.called_at),
        "started_at": rfc3339_or_none(walk_in.started_at),
        "finished_at": rfc3339_or_none(walk_in.finished_at),
        "expires_at": rfc3339_or_none(walk_in.expires_at),
        "version": walk_in.version,
        "updated_at": rfc3339(walk_in.updated_at),
    }


def serialise(placed: Placed) -> Json:
    """A walk-in as the contract's ``WalkIn``."""
    return {**facts(placed.walk_in), **_standing(placed.place)}


def _standing(place: Place | None) -> Json:
    """Where one stands; all null for one who does not wait."""
    if place is None:
        return dict.fromkeys(
            (
                "position",
                "parties_ahead",
                "estimated_start_at",
                "estimated_wait_minutes",
                "estimate_basis",
            )
        )
    wait = None
    if place.p50 is not None:
        p90 = None if place.p90 is None else _minutes(place.p90)
        wait = {"p50": _minutes(place.p50), "p90": p90}
    return {
        "position": place.position,
        "parties_ahead": place.parties_ahead,
        "estimated_start_at": None if place.p50 is None else rfc3339(now() + place.p50),
        "estimated_wait_minutes": wait,
        "estimate_basis": place.basis,
    }


def _minutes(wait: dt.timedelta) -> int:
    """Whole minutes; the part of one that has begun counts."""
    return math.ceil(wait.total_seconds() / 60)


def _accuracy(found: Accuracy) -> Json:
    return {
        "median_error_minutes": _rounded(found.median_error),
        "median_absolute_error_minutes": _rounded(found.median_absolute_error),
        "within_p90": _rounded(found.within_p90, 3),
    }


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(float(value), digits)


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


def _key(texts: list[str]) -> Key:
    return dt.datetime.fromisoformat(texts[0]), uuid.UUID(texts[1])
