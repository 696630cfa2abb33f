"""Integration tests: the whole service on a real PostgreSQL, through real HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import Engine

from booking_service.app import Parts, assemble, create_app
from booking_service.domain.actors import Role
from tenants.migrate import migrate_control
from tests.clocks import SettableClock
from tests.databases import TestDatabase, provided
from tests.doubles import SETTINGS
from tests.integration.driver import Caller, Shop
from tests.running import serving

_numbers = itertools.count(1)

MakeShop = Callable[..., Shop]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    with provided(tmp_path_factory.mktemp("database")) as database:
        yield database


@pytest.fixture(scope="session")
def superuser(database: TestDatabase) -> Iterator[Engine]:
    engine = database.engine()
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def clock(shared_clock: SettableClock) -> Iterator[SettableClock]:
    yield shared_clock
    shared_clock.reset()


@pytest.fixture(scope="session")
def parts(database: TestDatabase, shared_clock: SettableClock) -> Iterator[Parts]:
    settings = replace(
        SETTINGS, database_url=database.app, admin_database_url=database.admin
    )
    parts = replace(assemble(settings), clock=shared_clock)
    migrate_control(parts.database.main, parts.migrations)
    yield parts
    parts.database.dispose()


@pytest.fixture(scope="session")
def address(parts: Parts) -> Iterator[str]:
    with serving(create_app(parts.settings, parts=parts)) as address:
        yield address


@pytest.fixture(scope="session")
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as http:
        yield http


@pytest.fixture(scope="session")
def new_shop(parts: Parts, http: httpx.Client) -> MakeShop:
    def make(timezone: str = "UTC", **settings: object) -> Shop:
        slug = f"shop-{next(_numbers)}"
        parts.shops.create(
            slug=slug, name=slug, timezone=timezone, issuer=parts.settings.auth_issuer
        )
        shop = Shop(slug, parts, http)
        if settings:
            assert shop.manager.put("/shop", **settings).status_code == 200
        return shop

    return make


@pytest.fixture
def shop(new_shop: MakeShop, clock: SettableClock) -> Shop:
    return new_shop()


@pytest.fixture
def platform(shop: Shop) -> Caller:
    return shop.caller(Role.PLATFORM, "operator")
