"""The contract tests run on the integration tests' service."""

from __future__ import annotations

from tests.integration.conftest import (
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
