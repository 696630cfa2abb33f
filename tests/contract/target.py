"""A filled shop, and a sound request for every operation of the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from booking_service.domain.actors import Role
from booking_service.domain.permissions import PERMISSIONS
from tests.contract.wire import Answer, Headers, Wire
from tests.examples import Operation
from tests.integration.conftest import MakeShop
from tests.integration.driver import Shop, made

JSON = (b"Content-Type", b"application/json")


@dataclass
class Target:
    """A filled shop, and how to ask each operation of it."""

    wire: Wire
    shop: Shop
    victim: str
    ids: dict[str, str]

    def token(self, operation: Operation) -> Headers:
        """The header of a role that may do it."""
        allowed = PERMISSIONS.get(operation.id)
        if allowed is None:
            return []
        order = (Role.MANAGER, Role.CLIENT, Role.PLATFORM)
        role = next(each for each in order if each in allowed)
        token = self.shop.caller(role, "hostile").headers["Authorization"]
        return [(b"Authorization", token.encode())]

    def path(self, operation: Operation) -> bytes:
        """The path of something that is there; of nothing, if it would be deleted."""
        ids = {} if operation.method == "DELETE" else self.ids
        return operation.path(**ids).encode()

    def query(self, operation: Operation) -> dict[str, str]:
        """A sound query."""
        ids = {name: self.ids[name] for name in operation.query if name in self.ids}
        return {**operation.query, **ids}

    def target(self, operation: Operation) -> bytes:
        """Path and query."""
        query = urlencode(self.query(operation)).encode()
        return self.path(operation) + (b"?" + query if query else b"")

    def body(self, operation: Operation) -> dict[str, Any] | None:
        """A sound body."""
        if operation.body is None:
            return None
        known = {name: self.ids[name] for name in operation.body if name in self.ids}
        return {**operation.body, **known}

    def ask(self, operation: Operation, *, headers: Headers = (), **changes: Any) -> Answer:
        """A sound request, but for the changes."""
        body = self.body(operation)
        given = {
            "target": self.target(operation),
            "body": json.dumps(body).encode() if body is not None else None,
            **changes,
        }
        kind = [JSON] if given["body"] is not None else []
        return self.wire.ask(
            operation.method.encode(),
            given["target"],
            headers=[*self.token(operation), *kind, *headers],
            body=given["body"],
        )


def filled(address: str, new_shop: MakeShop) -> Target:
    """A shop with one of everything."""
    shop, victim = new_shop(), new_shop()
    chair = made(shop.manager.post("/resources", name="A", kind="chair"))
    cut = shop.add_service(resource_kinds=["chair"])
    anna = shop.add_provider(cut)
    days = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
    absence = made(shop.manager.post(f"/providers/{anna['id']}/time-off", **days))
    later = {"date": "2031-06-02", "effective_from": "2031-06-01"}
    made(
        shop.manager.put(
            f"/providers/{anna['id']}/working-hours",
            hours=[],
            effective_from=later["effective_from"],
        )
    )
    override = f"/providers/{anna['id']}/date-overrides/{later['date']}"
    made(shop.manager.put(override, hours=[]))
    feed = made(shop.manager.put(f"/providers/{anna['id']}/calendar-feed"))
    hold = {"service_id": cut["id"], "starts_at": "2030-01-08T15:00:00Z"}
    ids = {
        **later,
        "hold_id": made(shop.manager.post("/holds", **hold))["id"],
        "service_id": cut["id"],
        "resource_id": chair["id"],
        "provider_id": anna["id"],
        "time_off_id": absence["id"],
        "closure_id": made(shop.manager.post("/closures", **days))["id"],
        "client_id": made(shop.manager.post("/clients", name="Dana"))["id"],
        "walk_in_id": made(shop.manager.post("/walk-ins", service_id=cut["id"]))["id"],
        "feed_token": feed["path"].split("/")[2],
        "booking_id": made(shop.book(cut, "10:00", anna))["id"],
        "slug": victim.slug,
    }
    return Target(Wire(address), shop, victim.slug, ids)
