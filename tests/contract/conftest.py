"""The contract tests run on the integration tests' service."""

from __future__ import annotations

import pytest

from tests.clocks import SettableClock
from tests.contract.target import Target, filled
from tests.integration.conftest import (
    MakeShop,
    address,
    clock,
    database,
    http,
    new_shop,
    parts,
    shared_clock,
    shop,
    superuser,
)

__all__ = [
    "address",
    "clock",
    "database",
    "http",
    "new_shop",
    "parts",
    "shared_clock",
    "shop",
    "superuser",
]


@pytest.fixture(scope="session")
def standing(address: str, new_shop: MakeShop) -> Target:
    """For requests that change nothing."""
    return filled(address, new_shop)


@pytest.fixture
def hit(address: str, new_shop: MakeShop, clock: SettableClock) -> Target:
    return filled(address, new_shop)
