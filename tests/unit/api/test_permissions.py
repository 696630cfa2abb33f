from __future__ import annotations

import pytest

from booking_service.domain.actors import Role
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from tests.doubles import ask, bearer
from tests.examples import GUARDED, OPERATIONS, Operation
from tests.unit.api.conftest import Service


class TestTable:
    def test_has_a_row_for_every_guarded_operation(self) -> None:
        assert set(PERMISSIONS) == {operation.id for operation in GUARDED}

    def test_knows_the_open_operations(self) -> None:
        unguarded = {operation.id for operation in OPERATIONS if not operation.needs_token}

        assert unguarded == OPEN_OPERATIONS

    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_gives_platform_and_shops_nothing_in_common(self, operation: Operation) -> None:
        roles = set(PERMISSIONS[operation.id])

        assert roles == {Role.PLATFORM} or Role.PLATFORM not in roles


class TestEveryOperation:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_lets_in_the_roles_of_the_table_only(
        self, operation: Operation, role: Role, service: Service
    ) -> None:
        answer = ask(
            service.app,
            operation.method,
            operation.path(),
            params=operation.query,
            json=operation.body,
            headers=bearer(role),
        )

        allowed = role in PERMISSIONS[operation.id]
        # The stand-in for the database fails, which only an allowed role finds out.
        assert service.database.reached == int(allowed)
        assert answer.status_code == (500 if allowed else 403)
        if not allowed:
            assert answer.json()["type"] == "/problems/role-may-not"

    @pytest.mark.parametrize(
        "header", [None, "Bearer nonsense", "Basic YTpi", "Bearer", ""]
    )
    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_asks_for_a_token_first(
        self, operation: Operation, header: str | None, service: Service
    ) -> None:
        headers = {} if header is None else {"Authorization": header}

        answer = ask(service.app, operation.method, operation.path(), headers=headers)

        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/unauthenticated"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert service.database.reached == 0
