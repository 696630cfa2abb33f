"""Schemathesis holds the running service to its contract."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from booking_service.api.contract import contract
from booking_service.domain.actors import Role
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from tests.integration.conftest import MakeShop
from tests.integration.driver import Shop, made

EXAMPLES = 15
# Of these operations a request may be well-formed and yet say nothing that can be
# done: periods that overlap, an end before its start, neither of two ways, or a
# cursor that was not given out for these filters.
CROSS_FIELD_RULES = frozenset(
    {
        "replace_working_hours",
        "replace_date_override",
        "list_date_overrides",
        "create_time_off",
        "update_time_off",
        "create_closure",
        "update_closure",
        "get_availability",
        "list_bookings",
        "list_clients",
        "list_closures",
        "list_providers",
        "list_services",
        "list_shops",
        "list_time_off",
        "create_booking",
        "update_booking",
    }
)


schema = schemathesis.openapi.from_dict(dict(contract()))


@pytest.fixture
def tokens(new_shop: MakeShop) -> dict[str, dict[str, str]]:
    """The header for each operation, of a role that may do it."""
    shop: Shop = new_shop()
    cut = shop.add_service()
    made(shop.book(cut, "10:00", shop.add_provider(cut)))
    headers = {role: shop.caller(role, "schemathesis").headers for role in Role}
    order = (Role.MANAGER, Role.CLIENT, Role.PLATFORM)
    return {
        operation: headers[next(role for role in order if role in allowed)]
        for operation, allowed in PERMISSIONS.items()
    }


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_service_keeps_its_contract(
    case: schemathesis.Case[Any], address: str, tokens: dict[str, dict[str, str]]
) -> None:
    operation = case.operation.definition.raw["operationId"]
    excluded: list[Any] = []
    if operation in CROSS_FIELD_RULES:
        excluded.append(positive_data_acceptance)

    case.call_and_validate(
        base_url=address, headers=tokens.get(operation), excluded_checks=excluded
    )


def test_every_operation_is_walked() -> None:
    named = {
        operation["operationId"]
        for item in contract()["paths"].values()
        for operation in item.values()
    }

    assert named >= CROSS_FIELD_RULES
    assert named == set(PERMISSIONS) | OPEN_OPERATIONS
