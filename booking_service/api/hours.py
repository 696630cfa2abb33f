"""``/providers/{provider_id}/working-hours`` and ``…/date-overrides``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import flask

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor
from booking_service.api.times import parse_date
from booking_service.errors import InvalidInput
from booking_service.models import DateOverride, WorkingHours
from booking_service.services import hours
from tenants.middleware import shop_transaction


def get_working_hours(provider_id: str) -> flask.Response:
    """``GET /providers/{provider_id}/working-hours``."""
    with shop_transaction() as session:
        week = hours.get_working_hours(
            session, provider_id=uuid.UUID(provider_id), actor=actor()
        )
        answer = serialise_week(week)
    return answers.ok(answer)


def replace_working_hours(provider_id: str, body: Body) -> flask.Response:
    """``PUT /providers/{provider_id}/working-hours``."""
    with shop_transaction() as session:
        week = hours.replace_working_hours(
            session,
            provider_id=uuid.UUID(provider_id),
            entered=body["hours"],
            guard=answers.guard(serialise_week),
        )
        answer = serialise_week(week)
    return answers.ok(answer)


def list_date_overrides(
    provider_id: str,
    limit: int | None = None,
    cursor: str | None = None,
    **bounds: Any,
) -> flask.Response:
    """``GET /providers/{provider_id}/date-overrides``."""
    first, last = _date(bounds.get("from")), _date(bounds.get("to"))
    if first is not None and last is not None and first > last:
        raise InvalidInput.at("#/query/to", "must not be before from")
    page = exchange.page_request(limit, cursor, lambda texts: (parse_date(texts[0]),))
    with shop_transaction() as session:
        found = hours.list_date_overrides(
            session,
            provider_id=uuid.UUID(provider_id),
            page=page,
            first=first,
            last=last,
            actor=actor(),
        )
        return answers.listed(found, serialise_override)


def get_date_override(provider_id: str, date: str) -> flask.Response:
    """``GET /providers/{provider_id}/date-overrides/{date}``."""
    with shop_transaction() as session:
        override = hours.get_date_override(
            session,
            provider_id=uuid.UUID(provider_id),
            date=parse_date(date),
            actor=actor(),
        )
        answer = serialise_override(override)
    return answers.ok(answer)


def replace_date_override(provider_id: str, date: str, body: Body) -> flask.Response:
    """``PUT /providers/{provider_id}/date-overrides/{date}``."""
    with shop_transaction() as session:
        override = hours.replace_date_override(
            session,
            provider_id=uuid.UUID(provider_id),
            date=parse_date(date),
            entered=body["hours"],
            guard=answers.guard(serialise_override),
        )
        answer = serialise_override(override)
    return answers.ok(answer)


def delete_date_override(provider_id: str, date: str) -> flask.Response:
    """``DELETE /providers/{provider_id}/date-overrides/{date}``."""
    with shop_transaction() as session:
        hours.delete_date_override(
            session,
            provider_id=uuid.UUID(provider_id),
            date=parse_date(date),
            guard=answers.guard(serialise_override),
        )
    return answers.gone()


def serialise_week(week: WorkingHours) -> Json:
    """A week as the contract's ``WorkingHours``."""
    return {"hours": _in_order(week.hours)}


def serialise_override(override: DateOverride) -> Json:
    """An override as the contract's ``DateOverride``."""
    return {"date": override.date.isoformat(), "hours": _in_order(override.hours)}


def _in_order(entered: Sequence[Json]) -> list[Json]:
    """Periods with their members as the contract has them; the database's differ."""
    return [
        {
            name: _in_order(period[name]) if name == "breaks" else period[name]
            for name in ("weekday", "starts", "ends", "breaks")
            if name in period
        }
        for period in entered
    ]


def _date(text: str | None) -> dt.date | None:
    return parse_date(text) if text is not None else None
