"""Binds each request to its token's shop before a handler runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from tenants.database import BoundShop, Database
from tenants.errors import ShopUnknown
from tenants.registry import Registry

EXTENSION = "tenants"
Claims = Mapping[str, object]


class TenantMiddleware:
    """Finds the shop of the verified token and puts it into the request's context."""

    def __init__(
        self,
        app: Flask,
        *,
        database: Database,
        registry: Registry,
        claims: Callable[[], Claims | None],
        needs_shop: Callable[[Claims], bool],
    ) -> None:
        """Install the middleware on a Flask application.

        Args:
            app: Whose requests to bind.
            database: Where the shops' transactions run.
            registry: Which shop a token means.
            claims: The verified token of the current request, or None for an
                operation that needs none.
            needs_shop: Says whether the bearer of such a token works in a shop.
        """
        self.database = database
        self.registry = registry
        self._claims = claims
        self._needs_shop = needs_shop
        app.extensions[EXTENSION] = self
        app.before_request(self._bind)

    def _bind(self) -> None:
        claims = self._claims()
        if claims is not None and self._needs_shop(claims):
            g.shop = self.registry.bind(claims)


def bind_to(shop_id: uuid.UUID) -> None:
    """Bind the current request, which needs no token, to an open shop.

    Raises:
        ShopUnknown: There is none with this id, or it is not open.
    """
    middleware: TenantMiddleware = current_app.extensions[EXTENSION]
    g.shop = middleware.registry.bind_by_id(shop_id)


def current_shop() -> BoundShop:
    """The shop to which the current request is bound.

    Raises:
        ShopUnknown: The request is bound to none.
    """
    shop: BoundShop | None = g.get("shop")
    if shop is None:
        raise ShopUnknown
    return shop


@contextmanager
def shop_transaction() -> Iterator[Session]:
    """A transaction pinned to the current request's shop; commits when it ends well."""
    middleware: TenantMiddleware = current_app.extensions[EXTENSION]
    with middleware.database.shop_transaction(current_shop()) as session:
        yield session
