from __future__ import annotations

import pytest

from booking_service.domain.actors import Role, Scope
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from tests.doubles import ask, bearer
from tests.examples import GUARDED, OPERATIONS, Operation
from tests.unit.api.conftest import Service

# DESIGN.md's table, written down once more: client, provider, manager, platform;
# a: all, o: own, -: not at all.
EXPECTED = """
get_shop               -aa-    update_shop            --a-
list_providers         aaa-    get_provider           aaa-
create_provider        --a-    update_provider        --a-
delete_provider        --a-    list_services          aaa-
get_service            aaa-    create_service         --a-
update_service         --a-    delete_service         --a-
get_working_hours      -oa-    replace_working_hours  --a-
list_working_hours_plans -oa-  delete_working_hours_plan --a-
list_date_overrides    -oa-    get_date_override      -oa-
replace_date_override  --a-    delete_date_override   --a-
list_time_off          -oa-    create_time_off        -oa-
get_time_off           -oa-    update_time_off        -oa-
delete_time_off        -oa-    list_closures          -aa-
get_closure            -aa-    create_closure         --a-
update_closure         --a-    delete_closure         --a-
list_resources         -aa-    get_resource           -aa-
create_resource        --a-    update_resource        --a-
delete_resource        --a-
list_clients           -oa-    get_client             -oa-
create_client          --a-    update_client          --a-
delete_client          --a-    get_client_export      --a-
get_own_client_export  o---
get_own_client         o---    update_own_client      o---
get_availability       aaa-    list_bookings          ooa-
create_booking         ooa-    get_booking            ooa-
update_booking         ooa-    cancel_booking         ooa-
list_next_slots        aaa-    get_explanation        aaa-
create_hold            ooa-    get_hold               ooa-
release_hold           ooa-
list_booking_changes   -oa-
list_walk_ins          oaa-    create_walk_in         oaa-
get_walk_in            oaa-    update_walk_in         oaa-
get_wait_estimate      aaa-    get_wait_accuracy      -aa-
get_provider_calendar  -oa-    get_booking_calendar   ooa-
get_calendar_feed      -oa-    replace_calendar_feed   -oa-
delete_calendar_feed   -oa-
list_shops             ---a    create_shop            ---a
get_platform_shop      ---a    update_platform_shop   ---a
delete_shop            ---a
"""
_words = EXPECTED.split()
ROWS = dict(zip(_words[::2], _words[1::2], strict=True))
SCOPES = {"a": Scope.ALL, "o": Scope.OWN}


class TestTable:
    @pytest.mark.parametrize("operation", GUARDED, ids=repr)
    def test_says_what_the_design_says(self, operation: Operation) -> None:
        marks = zip(Role, ROWS[operation.id], strict=True)

        expected = {role: SCOPES[mark] for role, mark in marks if mark != "-"}

        assert PERMISSIONS[operation.id] == expected

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

        allowed = ROWS[operation.id][list(Role).index(role)] != "-"
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
