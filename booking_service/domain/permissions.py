"""What each role may do: one row an operation of the contract.

``ALL`` is every record of the shop, ``OWN`` only those of the token's subject
(a client's bookings, a provider's calendar); no entry is no access.
"""

from __future__ import annotations

from collections.abc import Mapping

from booking_service.domain.actors import Role, Scope


def _row(
    *,
    client: Scope | None = None,
    provider: Scope | None = None,
    manager: Scope | None = None,
    platform: Scope | None = None,
) -> Mapping[Role, Scope]:
    entries = {
        Role.CLIENT: client,
        Role.PROVIDER: provider,
        Role.MANAGER: manager,
        Role.PLATFORM: platform,
    }
    return {role: scope for role, scope in entries.items() if scope is not None}


_EVERYONE = _row(client=Scope.ALL, provider=Scope.ALL, manager=Scope.ALL)
_OWN_OR_MANAGED = _row(client=Scope.OWN, provider=Scope.OWN, manager=Scope.ALL)
_QUEUE = _row(client=Scope.OWN, provider=Scope.ALL, manager=Scope.ALL)
_CALENDAR = _row(provider=Scope.OWN, manager=Scope.ALL)
_STAFF = _row(provider=Scope.ALL, manager=Scope.ALL)
_MANAGER = _row(manager=Scope.ALL)
_SELF = _row(client=Scope.OWN)
_PLATFORM = _row(platform=Scope.ALL)

PERMISSIONS: Mapping[str, Mapping[Role, Scope]] = {
    "get_shop": _STAFF,
    "update_shop": _MANAGER,
    "list_providers": _EVERYONE,
    "create_provider": _MANAGER,
    "get_provider": _EVERYONE,
    "update_provider": _MANAGER,
    "delete_provider": _MANAGER,
    "get_working_hours": _CALENDAR,
    "replace_working_hours": _MANAGER,
    "list_working_hours_plans": _CALENDAR,
    "delete_working_hours_plan": _MANAGER,
    "list_date_overrides": _CALENDAR,
    "get_date_override": _CALENDAR,
    "replace_date_override": _MANAGER,
    "delete_date_override": _MANAGER,
    "list_time_off": _CALENDAR,
    "create_time_off": _CALENDAR,
    "get_time_off": _CALENDAR,
    "update_time_off": _CALENDAR,
    "delete_time_off": _CALENDAR,
    "list_services": _EVERYONE,
    "create_service": _MANAGER,
    "get_service": _EVERYONE,
    "update_service": _MANAGER,
    "delete_service": _MANAGER,
    "list_resources": _STAFF,
    "create_resource": _MANAGER,
    "get_resource": _STAFF,
    "update_resource": _MANAGER,
    "delete_resource": _MANAGER,
    "list_closures": _STAFF,
    "create_closure": _MANAGER,
    "get_closure": _STAFF,
    "update_closure": _MANAGER,
    "delete_closure": _MANAGER,
    "list_clients": _CALENDAR,
    "create_client": _MANAGER,
    "get_client": _CALENDAR,
    "update_client": _MANAGER,
    "delete_client": _MANAGER,
    "get_client_export": _MANAGER,
    "get_own_client_export": _SELF,
    "get_own_client": _SELF,
    "update_own_client": _SELF,
    "get_availability": _EVERYONE,
    "list_next_slots": _EVERYONE,
    "get_explanation": _EVERYONE,
    "create_hold": _OWN_OR_MANAGED,
    "get_hold": _OWN_OR_MANAGED,
    "release_hold": _OWN_OR_MANAGED,
    "list_bookings": _OWN_OR_MANAGED,
    "create_booking": _OWN_OR_MANAGED,
    "get_booking": _OWN_OR_MANAGED,
    "update_booking": _OWN_OR_MANAGED,
    "cancel_booking": _OWN_OR_MANAGED,
    "list_booking_changes": _CALENDAR,
    "list_walk_ins": _QUEUE,
    "create_walk_in": _QUEUE,
    "get_walk_in": _QUEUE,
    "update_walk_in": _QUEUE,
    "get_wait_estimate": _EVERYONE,
    "get_wait_accuracy": _STAFF,
    "get_provider_calendar": _CALENDAR,
    "get_booking_calendar": _OWN_OR_MANAGED,
    "get_calendar_feed": _CALENDAR,
    "replace_calendar_feed": _CALENDAR,
    "delete_calendar_feed": _CALENDAR,
    "list_shops": _PLATFORM,
    "create_shop": _PLATFORM,
    "get_platform_shop": _PLATFORM,
    "update_platform_shop": _PLATFORM,
    "delete_shop": _PLATFORM,
}

OPEN_OPERATIONS = frozenset(
    {
        "get_liveness",
        "get_readiness",
        "get_openapi",
        "get_problem_type",
        "get_subscribed_calendar",
    }
)
"""Operations that need no token."""


def scope_of(operation: str, role: Role) -> Scope | None:
    """How far ``role`` may go in an operation; None: not at all."""
    return PERMISSIONS[operation].get(role)
