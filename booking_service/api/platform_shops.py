"""``/platform/shops``: the shops of the deployment."""

from __future__ import annotations

import flask

from booking_service.api import answers, exchange, idempotency
from booking_service.api.answers import Json
from booking_service.api.exchange import Body
from booking_service.api.security import claims
from booking_service.services.idempotency import Reply
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
    return answers.listed(platform_shops().page(page, issuer=_issuer()), serialise)


def create_shop(body: Body) -> flask.Response:
    """``POST /platform/shops``."""
    members = {name: body[name] for name in ("slug", "name", "timezone")}
    attempt = idempotency.attempt(body)
    if attempt is None:
        return answers.sent(_created(platform_shops().create(**members, issuer=_issuer())))
    reply = platform_shops().create_once(
        attempt, **members, issuer=_issuer(), answer=_created, now=exchange.now()
    )
    return answers.sent(reply)


def get_platform_shop(slug: str) -> flask.Response:
    """``GET /platform/shops/{slug}``."""
    return answers.ok(serialise(platform_shops().get(slug, issuer=_issuer())))


def update_platform_shop(slug: str, body: Body) -> flask.Response:
    """``PUT /platform/shops/{slug}``."""
    record = platform_shops().update(
        slug,
        status=Status(body["status"]) if "status" in body else None,
        new_slug=body.get("slug"),
        issuer=_issuer(),
        guard=answers.guard(serialise),
    )
    return answers.ok(serialise(record))


def delete_shop(slug: str) -> flask.Response:
    """``DELETE /platform/shops/{slug}``."""
    platform_shops().delete(
        slug, now=exchange.now(), issuer=_issuer(), guard=answers.guard(serialise)
    )
    return answers.gone()


def _issuer() -> str:
    """Whose platform asks: each sees and ends its own shops only."""
    token = claims()
    assert token is not None  # the contract asks for one
    return str(token["iss"])


def serialise(record: ShopRecord) -> Json:
    """A registry row as the contract's ``PlatformShop``."""
    return {
        "slug": record.slug,
        "name": record.name,
        "timezone": record.timezone,
        "status": record.status,
    }


def _created(record: ShopRecord) -> Reply:
    return answers.created(serialise(record), location=f"/platform/shops/{record.slug}")
