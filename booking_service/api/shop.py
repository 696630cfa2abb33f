"""``/shop``: the shop of the token."""

from __future__ import annotations

import flask
import structlog
from sqlalchemy.exc import SQLAlchemyError

from booking_service.api import answers
from booking_service.api.answers import Json
from booking_service.api.exchange import Body, now
from booking_service.api.platform_shops import platform_shops
from booking_service.models import ShopSettings
from booking_service.services import shop
from tenants.errors import TenancyError
from tenants.middleware import current_shop, shop_transaction

_log = structlog.get_logger(__name__)


def get_shop() -> flask.Response:
    """``GET /shop``."""
    with shop_transaction() as session:
        settings = shop.get_shop(session)
        answer = serialise(settings)
    return answers.ok(answer)


def update_shop(body: Body) -> flask.Response:
    """``PUT /shop``."""
    with shop_transaction() as session:
        settings = shop.update_shop(
            session, changes=body, guard=answers.guard(serialise), now=now()
        )
        answer = serialise(settings)
    if {"name", "timezone"} & body.keys():
        try:
            platform_shops().repeat_settings(current_shop())
        except (SQLAlchemyError, TenancyError) as error:
            # The change stands; the platform's list follows with the next one.
            _log.warning("registry not updated", error=repr(error))
    return answers.ok(answer)


def serialise(settings: ShopSettings) -> Json:
    """Settings as the contract's ``Shop``."""
    return {
        "slug": current_shop().slug,
        "name": settings.name,
        "timezone": settings.timezone,
        "currency": settings.currency,
        "slot_interval_minutes": settings.slot_interval_minutes,
        "min_notice_minutes": settings.min_notice_minutes,
        "booking_horizon_days": settings.booking_horizon_days,
        "cancellation_notice_minutes": settings.cancellation_notice_minutes,
        "reschedule_notice_minutes": settings.reschedule_notice_minutes,
        "max_bookings_per_day": settings.max_bookings_per_day,
        "max_booked_minutes_per_day": settings.max_booked_minutes_per_day,
        "max_open_bookings_per_client": settings.max_open_bookings_per_client,
        "max_holds_per_client": settings.max_holds_per_client,
        "hold_minutes": settings.hold_minutes,
        "auto_confirm": settings.auto_confirm,
        "accepts_walk_ins": settings.accepts_walk_ins,
        "walk_in_call_minutes": settings.walk_in_call_minutes,
    }
