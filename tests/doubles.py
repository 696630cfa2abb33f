"""Stand-ins for the database and for token verification."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import httpx
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from booking_service.app import Parts, create_app
from booking_service.config import ROOT, Environment, Settings
from booking_service.errors import Unauthenticated
from booking_service.services.platform_shops import PlatformShops
from tenants.database import MAIN_CELL, BoundShop, Database
from tenants.migrate import Migrations
from tenants.registry import Registry

SETTINGS = Settings(
    environment=Environment.TESTING,
    secret_key="a secret that is known to everybody and long enough for any algorithm",
    validate_responses=True,
)
NOW = dt.datetime(2030, 1, 7, 6, 0, tzinfo=dt.UTC)


class DatabaseReached(Exception):
    """A handler asked for the database: it got that far."""


class NoDatabase(Database):
    """Tells that a transaction was wanted, instead of opening one."""

    def __init__(self) -> None:
        super().__init__({})
        self.reached = 0

    @contextmanager
    def shop_transaction(self, shop: BoundShop) -> Iterator[Session]:
        self.reached += 1
        yield self._reach()

    @staticmethod
    def _reach() -> Session:
        raise DatabaseReached

    @contextmanager
    def control_transaction(self) -> Iterator[Session]:
        self.reached += 1
        yield self._reach()


class OneShop(Registry):
    """Knows one shop, whatever the token says."""

    def __init__(self) -> None:
        pass

    def bind(self, claims: Mapping[str, object]) -> BoundShop:
        return BoundShop(uuid.UUID(int=7), "anna", "active", MAIN_CELL, "shop_x", "role_x")


class TrustingVerifier:
    """Takes a token ``role:subject`` at its word."""

    async def verify(self, token: str) -> Mapping[str, Any]:
        role, separator, subject = token.partition(":")
        if not separator:
            raise Unauthenticated("The token is malformed.")
        claims = {"iss": "test", "aud": "test", "sub": subject, "iat": 0, "role": role}
        return claims if role == "platform" else claims | {"shop": "anna"}


class Reached(PlatformShops):
    """Tells that the platform's service was wanted."""

    def __init__(self, database: NoDatabase) -> None:
        self.database = database

    def __getattribute__(self, name: str) -> Any:
        if name in ("create", "create_once", "get", "page", "update", "delete"):
            database = object.__getattribute__(self, "database")
            database.reached += 1
            raise DatabaseReached
        return object.__getattribute__(self, name)


def app_without_database() -> tuple[ASGIApp, NoDatabase]:
    """The whole service, with the database and the token check replaced."""
    database = NoDatabase()
    parts = Parts(
        settings=SETTINGS,
        database=database,
        migrations=Migrations(ROOT / "alembic.ini"),
        registry=OneShop(),
        shops=Reached(database),
        clock=lambda: NOW,
    )
    return create_app(SETTINGS, parts=parts, verifier=TrustingVerifier()), database


def ask(app: ASGIApp, method: str, path: str, **options: Any) -> httpx.Response:
    """Send one request through an ASGI application, without a socket."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=cast(Any, app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.request(method, path, **options)

    return asyncio.run(send())


def bearer(role: str, subject: str = "someone") -> dict[str, str]:
    """The header of a token that the trusting verifier takes."""
    return {"Authorization": f"Bearer {role}:{subject}"}
