"""``booking-service permissions``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from booking_service.api.contract import contract, operations
from booking_service.domain.actors import Role, Scope
from booking_service.domain.permissions import PERMISSIONS

MARKS = {Scope.ALL: "all", Scope.OWN: "own", None: "–"}


@click.command()
def permissions() -> None:
    """Print who may do what, as docs/permissions.md has it."""
    click.echo("\n".join(_page()))


def _page() -> Iterator[str]:
    yield "# Who may do what"
    yield ""
    yield "Made of `domain/permissions.py` by `booking-service permissions`. *all* is"
    yield "every record of the shop; *own* is a client's own bookings, holds, walk-ins and"
    yield "record, and a provider's own calendar and the clients booked there. What is not"
    yield "a role's is 403; what is another's is 404, and 403 where it is named in a body."
    roles = list(Role)
    for tag in contract()["tags"]:
        rows = [
            (definition["operationId"], f"{method.upper()} {path}")
            for path, method, definition in operations()
            if tag["name"] in definition["tags"]
            and definition["operationId"] in PERMISSIONS
        ]
        if not rows:
            continue
        yield ""
        yield f"## {tag['name']}"
        yield ""
        yield "| operation | " + " | ".join(roles) + " |"
        yield "| --- |" + " --- |" * len(roles)
        for name, what in rows:
            marks = (MARKS[PERMISSIONS[name].get(role)] for role in roles)
            yield f"| `{what}` | " + " | ".join(marks) + " |"
