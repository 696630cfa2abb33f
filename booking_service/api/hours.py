"""``/providers/{provider_id}/working-hours`` and ``…/date-overrides``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import flask

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, actor, now
from booking_service.api.rehearsals import rehearsable
from booking_service.api.times import parse_date
from booking_service.errors import InvalidInput
from booking_service.models import DateOverride, WorkingHours
from booking_service.models.hours import ALWAYS
from booking_service.services import hours
from tenants.middleware import shop_transaction


def get_working_hours(provider_id: str, date: str | None = None) -> flask.Response:
    """``GET /providers/{provider_id}/working-hours``."""
    with shop_transaction() as session:
        plan = hours.get_working_hours(
            session,
            provider_id=uuid.UUID(provider_id),
            date=_date(date),
            actor=actor(),
            now=now(),
        )
        answer = serialise_plan(plan)
    return answers.ok(answer)


@rehearsable
def replace_working_hours(
    provider_id: str, body: Body, *, dry_run: bool = False
) -> flask.Response:
    """``PUT /providers/{provider_id}/working-hours``."""
    with shop_transaction() as session:
        plan = hours.replace_working_hours(
            session,
            provider_id=uuid.UUID(provider_id),
            entered=body["hours"],
            effective_from=_first_date(body),
            guard=answers.guard(serialise_plan),
            now=now(),
            dry_run=dry_run,
        )
        answer = serialise_plan(plan)
    return answers.ok(answer)


def list_working_hours_plans(
    provider_id: str, limit: int | None = None, cursor: str | None = None
) -> flask.Response:
    """``GET /providers/{provider_id}/working-hours/plans``."""
    page = exchange.page_request(limit, cursor, lambda texts: (parse_date(texts[0]),))
    with shop_transaction() as session:
        found = hours.list_plans(
            session, provider_id=uuid.UUID(provider_id), page=page, actor=actor()
        )
        return answers.listed(found, serialise_plan)


@rehearsable
def delete_working_hours_plan(
    provider_id: str, effective_from: str, *, dry_run: bool = False
) -> flask.Response:
    """``DELETE /providers/{provider_id}/working-hours/plans/{effective_from}``."""
    with shop_transaction() as session:
        hours.delete_plan(
            session,
            provider_id=uuid.UUID(provider_id),
            effective_from=parse_date(effective_from),
            guard=answers.guard(serialise_plan),
            now=now(),
            dry_run=dry_run,
        )
    return answers.gone()


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


@rehearsable
def replace_date_override(
    provider_id: str, date: str, body: Body, *, dry_run: bool = False
) -> flask.Response:
    """``PUT /providers/{provider_id}/date-overrides/{date}``."""
    with shop_transaction() as session:
        override = hours.replace_date_override(
            session,
            provider_id=uuid.UUID(provider_id),
            date=parse_date(date),
            entered=body["hours"],
            guard=answers.guard(serialise_override),
            now=now(),
            dry_run=dry_run,
        )
        answer = serialise_override(override)
    return answers.ok(answer)


@rehearsable
def delete_date_override(
    provider_id: str, date: str, *, dry_run: bool = False
) -> flask.Response:
    """``DELETE /providers/{provider_id}/date-overrides/{date}``."""
    with shop_transaction() as session:
        hours.delete_date_override(
            session,
            provider_id=uuid.UUID(provider_id),
            date=parse_date(date),
            guard=answers.guard(serialise_override),
            now=now(),
            dry_run=dry_run,
        )
    return answers.gone()


def serialise_plan(plan: WorkingHours) -> Json:
    """A plan as the contract's ``WorkingHours``."""
    is_first = plan.effective_from == ALWAYS
    return {
        "effective_from": None if is_first else plan.effective_from.isoformat(),
        "hours": _in_order(plan.hours),
    }


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


def _first_date(body: Body) -> dt.date | None:
    """The first date that a plan is given; null is the first plan's."""
    if "effective_from" not in body:
        return None
    return _date(body["effective_from"]) or ALWAYS


def _date(text: str | None) -> dt.date | None:
    return parse_date(text) if text is not None else None
