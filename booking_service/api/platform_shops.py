"""``/platform/shops``: the shops of the deployment."""

from __future__ import annotations

import flask

from booking_service.api import exchange
from booking_service.api.exchange import Body, Json
from booking_service.api.security import claims
from booking_service.services.platform_shops import PlatformShops
from tenants.models import ShopRecord, Status

PLATFORM_SHOPS = "platform_shops"


def platform_shops() -> PlatformShops:
    """The application's platform service."""
    service: PlatformShops = flask.current_app.extensions[PLATFORM_SHOPS]
    return service


def list_shops(limit: int | None = None, cursor: str | None = None) -> flask.Response:
    """``GET /platform/shops``."""
    page = exchange.page_request(limit, cursor, lambda texts: (texts[0],))
    return exchange.listed(platform_shops().page(page), serialise)


def create_shop(body: Body) -> flask.Response:
    """``POST /platform/shops``."""
    token = claims()
    assert token is not None  # the contract asks for one
    record = platform_shops().create(
        slug=body["slug"],
        name=body["name"],
        timezone=body["timezone"],
        issuer=token["iss"],
    )
    location = f"/platform/shops/{record.slug}"
    return exchange.created(serialise(record), version=_version(record), location=location)


def get_platform_shop(slug: str) -> flask.Response:
    """``GET /platform/shops/{slug}``."""
    record = platform_shops().get(slug)
    return exchange.ok(serialise(record), version=_version(record))


def update_platform_shop(slug: str, body: Body) -> flask.Response:
    """``PUT /platform/shops/{slug}``."""
    if "status" in body:
        record = platform_shops().set_status(slug, Status(body["status"]))
    else:
        record = platform_shops().get(slug)
    return exchange.ok(serialise(record), version=_version(record))


def delete_shop(slug: str) -> flask.Response:
    """``DELETE /platform/shops/{slug}``."""
    platform_shops().delete(slug)
    return exchange.gone()


def serialise(record: ShopRecord) -> Json:
    """A registry row as the contract's ``PlatformShop``."""
    return {
        "slug": record.slug,
        "name": record.name,
        "timezone": record.timezone,
        "status": record.status,
    }


def _version(record: ShopRecord) -> str:
    """A registry row has no counter; its facts are its version."""
    return exchange.digest(serialise(record))
