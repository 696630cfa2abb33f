from __future__ import annotations

from typing import NamedTuple

import pytest
from starlette.types import ASGIApp

from tests.doubles import NoDatabase, app_without_database
from tests.unit.api.issuing import accept, issuer, keys

__all__ = ["Service", "accept", "issuer", "keys", "service"]


class Service(NamedTuple):
    app: ASGIApp
    database: NoDatabase


@pytest.fixture(scope="package")
def built() -> Service:
    return Service(*app_without_database())


@pytest.fixture
def service(built: Service) -> Service:
    built.database.reached = 0
    return built
