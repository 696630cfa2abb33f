"""Requests that the contract allows, for walking over all its operations."""

from __future__ import annotations

import uuid
from typing import Any

from booking_service.api.contract import dereferenced, operations

NOBODY = str(uuid.UUID(int=0xABC))

QUERIES: dict[str, dict[str, Any]] = {
    "get_availability": {
        "service_id": NOBODY,
        "from": "2030-01-07T00:00:00Z",
        "to": "2030-01-08T00:00:00Z",
    },
    "list_next_slots": {"service_id": NOBODY},
    "get_wait_estimate": {"service_id": NOBODY},
    "get_explanation": {"service_id": NOBODY, "starts_at": "2030-01-07T09:00:00Z"},
}
BODIES: dict[str, dict[str, Any]] = {
    "update_shop": {"name": "Anna"},
    "create_provider": {"name": "Anna"},
    "update_provider": {"name": "Anna"},
    "replace_working_hours": {"hours": []},
    "replace_date_override": {"hours": []},
    "create_time_off": {"starts_on": "2030-01-07", "ends_on": "2030-01-08"},
    "update_time_off": {"reason": "rest"},
    "create_service": {"name": "Cut", "duration_minutes": 30},
    "update_service": {"name": "Cut"},
    "create_resource": {"name": "By the window", "kind": "chair"},
    "update_resource": {"name": "By the door"},
    "create_closure": {"starts_on": "2030-01-07", "ends_on": "2030-01-08"},
    "update_closure": {"reason": "rest"},
    "create_client": {"name": "Dana"},
    "update_client": {"name": "Dana"},
    "update_own_client": {"name": "Dana"},
    "create_hold": {"service_id": NOBODY, "starts_at": "2030-01-07T09:00:00Z"},
    "create_booking": {"service_id": NOBODY, "starts_at": "2030-01-07T09:00:00Z"},
    "update_booking": {"notes": "by the window"},
    "create_walk_in": {"service_id": NOBODY},
    "update_walk_in": {"name": "Dana"},
    "create_shop": {"slug": "anna", "name": "Anna", "timezone": "UTC"},
    "update_platform_shop": {"status": "active"},
}
PATHS = {
    "date": "2030-01-07",
    "effective_from": "2030-01-07",
    "slug": "nobody",
    "name": "slot-taken",
    "feed_token": f"{0:032x}-{'x' * 43}",
}


class Operation:
    """One operation of the contract and a request for it."""

    def __init__(self, path: str, method: str, definition: Any) -> None:
        self.id: str = definition["operationId"]
        self.template, self.method = path, method.upper()
        self.definition = dereferenced(definition)
        self.needs_token = definition.get("security") != []
        self.body = BODIES.get(self.id)
        self.query = QUERIES.get(self.id, {})

    def __repr__(self) -> str:
        return self.id

    def path(self, **ids: str) -> str:
        """The path with these ids, and unknown ones for the rest."""
        path = self.template
        for parameter in self.definition.get("parameters", ()):
            if parameter["in"] == "path":
                name = parameter["name"]
                value = ids.get(name, PATHS.get(name, NOBODY))
                path = path.replace(f"{{{name}}}", value)
        return path

    @property
    def takes_ids(self) -> bool:
        """Whether its path names a record of a shop."""
        return any(
            parameter["in"] == "path" and parameter["name"].endswith("_id")
            for parameter in self.definition.get("parameters", ())
        )


OPERATIONS = [Operation(*each) for each in operations()]
GUARDED = [operation for operation in OPERATIONS if operation.needs_token]
