"""Puts the parts together: the only place that knows all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from connexion import FlaskApp
from connexion.exceptions import ProblemException
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.response_validation import ResponseValidationMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.middleware.server_error import ServerErrorMiddleware
from flask import Flask
from flask.json.provider import DefaultJSONProvider
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from booking_service.api import exchange, health, problems, security, tokens
from booking_service.api.bridge import Bridge
from booking_service.api.contract import contract
from booking_service.api.cors import Cors
from booking_service.api.cursors import Cursors
from booking_service.api.docs import docs
from booking_service.api.edge import Edge, Limits
from booking_service.api.platform_shops import PLATFORM_SHOPS
from booking_service.api.quotas import Quotas, Turns
from booking_service.api.routing import Routing
from booking_service.api.tokens import Verifier
from booking_service.api.validation import ContractValidation
from booking_service.config import ROOT, ConfigurationError, Settings
from booking_service.errors import BookingServiceError
from booking_service.events.outbox import EXPIRY, WALK_IN_EXPIRY
from booking_service.events.relay import Relay
from booking_service.events.routes import EverythingTo
from booking_service.events.sinks.log import LogSink
from booking_service.services.booking_changes import expire_booking
from booking_service.services.housekeeping import Housekeeping
from booking_service.services.platform_shops import PlatformShops, first_rows
from booking_service.services.walk_in_changes import expire_walk_in
from tenants.database import MAIN_CELL, Cell, Database
from tenants.errors import TenancyError
from tenants.middleware import TenantMiddleware
from tenants.migrate import Migrations
from tenants.provisioning import Provisioner
from tenants.registry import Registry

# Below this the headers cost more than compression saves; the level is the one
# behind which more work hardly makes JSON smaller.
SMALLEST_COMPRESSED = 1024
COMPRESSION = 4

Clock = Callable[[], dt.datetime]

_MIDDLEWARES = [
    ServerErrorMiddleware,
    ExceptionMiddleware,
    Routing,
    SecurityMiddleware,
    ContractValidation,
    ResponseValidationMiddleware,
    LifespanMiddleware,
    ContextMiddleware,
]


@dataclass(frozen=True)
class Parts:
    """What the service is made of, without HTTP: the command line uses it too."""

    settings: Settings
    database: Database
    migrations: Migrations
    registry: Registry
    shops: PlatformShops
    clock: Clock


def assemble(settings: Settings) -> Parts:
    """Connect the parts below HTTP; nothing is opened yet.

    Args:
        settings: With ``database_url`` set.

    Raises:
        ConfigurationError: It is not.
    """
    if settings.database_url is None:
        raise ConfigurationError("DATABASE_URL is not set")
    cell = Cell(
        app_url=settings.database_url,
        admin_url=settings.admin_database_url,
        pool_size=settings.pool_size,
        shops_per_connection=settings.shops_per_connection,
    )
    database = Database({MAIN_CELL: cell})
    migrations = Migrations(ROOT / "alembic.ini")
    registry = Registry(database)
    provisioner = Provisioner(database, migrations, first_rows)
    return Parts(
        settings=settings,
        database=database,
        migrations=migrations,
        registry=registry,
        shops=PlatformShops(database, registry, provisioner, grace=settings.shop_grace),
        clock=lambda: dt.datetime.now(dt.UTC) + settings.clock_offset,
    )


def relay(parts: Parts) -> Relay:
    """The relay of a deployment."""
    return Relay(
        parts.database,
        EverythingTo(LogSink()),
        on_timer={EXPIRY: expire_booking, WALK_IN_EXPIRY: expire_walk_in},
        upkeep=Housekeeping(parts.database, clock=parts.clock, shops=_purging(parts)).step,
        clock=parts.clock,
    )


def _purging(parts: Parts) -> PlatformShops | None:
    """What purges deleted shops, where there is a login that may."""
    return parts.shops if parts.settings.admin_database_url is not None else None


def create_app(
    settings: Settings, *, parts: Parts | None = None, verifier: Verifier | None = None
) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        settings: What it is told.
        parts: Assembled already, or put together here.
        verifier: Whose word on tokens counts; by default as the settings say.

    Raises:
        ConfigurationError: The settings do not say whose tokens to accept.
    """
    settings.require_servable()
    parts = parts or assemble(settings)
    verifier = verifier or tokens.verifier(settings)
    app = FlaskApp("booking_service", middlewares=list(_MIDDLEWARES))
    app.add_api(
        dict(contract()),
        security_map={"bearer": security.bearer_handler(verifier, Quotas(settings))},
        validate_responses=settings.validate_responses,
    )
    ours = (BookingServiceError, TenancyError)
    for kind in (*ours, ProblemException, HTTPException, Exception):
        app.add_error_handler(kind, problems.connexion_problem)
    _prepare_flask(app.app, parts)
    app._middleware_app.asgi_app = Bridge(  # noqa: SLF001 - Connexion has no setting for it
        app.app.wsgi_app,
        threads=settings.pool_size,
        turns=Turns(settings.connections_per_shop or settings.pool_size // 2),
        beside=[health.LIVENESS],
    )
    return _behind_edge(app, settings)


def _behind_edge(app: ASGIApp, settings: Settings) -> ASGIApp:
    compressed = GZipMiddleware(
        app, minimum_size=SMALLEST_COMPRESSED, compresslevel=COMPRESSION
    )
    limited: ASGIApp = Limits(compressed)
    if settings.cors_origins:
        limited = Cors(limited, origins=settings.cors_origins)
    return Edge(limited, https_only=settings.is_production)


def _prepare_flask(flask_app: Flask, parts: Parts) -> None:
    flask_app.extensions |= {
        exchange.CLOCK: parts.clock,
        exchange.CURSORS: Cursors(parts.settings.secret_key),
        health.DATABASE: parts.database,
        PLATFORM_SHOPS: parts.shops,
    }
    assert isinstance(flask_app.json, DefaultJSONProvider)  # Connexion's is one
    flask_app.json.sort_keys = False  # members come in the contract's order
    # Nothing is ever redirected.
    flask_app.url_map.merge_slashes = False
    flask_app.url_map.redirect_defaults = False
    flask_app.register_error_handler(Exception, problems.flask_problem)
    flask_app.register_blueprint(docs)
    flask_app.before_request(security.require_routed)
    TenantMiddleware(
        flask_app,
        database=parts.database,
        registry=parts.registry,
        claims=security.claims,
        needs_shop=security.needs_shop,
    )
