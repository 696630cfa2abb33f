"""Every operation of the contract, by every role, on its own records and on another's.

What is expected is read off the table of permissions; which records an operation works
on, off the contract. An operation for which nobody knows a request fails the test.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from booking_service.cli.permissions import permissions
from booking_service.config import ROOT
from booking_service.domain.actors import Role, Scope
from booking_service.domain.permissions import PERMISSIONS
from tests.clocks import SettableClock
from tests.examples import GUARDED, Operation
from tests.integration.conftest import MakeShop
from tests.integration.driver import WEEK, Caller, JsonObject, Shop, made, refused

IN_A_SHOP = [each for each in GUARDED if "/platform" not in each.template]
ROLES = (Role.CLIENT, Role.PROVIDER, Role.MANAGER)
OWN, FOREIGN = "own", "foreign"
SUBJECTS = {
    OWN: {Role.CLIENT: "dana", Role.PROVIDER: "anna"},
    FOREIGN: {Role.CLIENT: "erik", Role.PROVIDER: "bert"},
}
# What a body must not name of another's, and who must not.
NAMED_IN_BODY = {
    ("create_booking", Role.CLIENT): "client_id",
    ("create_booking", Role.PROVIDER): "provider_id",
    ("create_hold", Role.PROVIDER): "provider_id",
    ("create_walk_in", Role.CLIENT): "client_id",
}
ALWAYS = [{"weekday": day, "starts": "09:00", "ends": "17:00"} for day in WEEK]
# These are about nobody's records.
OF_THE_SHOP = {
    "get_availability",
    "list_next_slots",
    "get_explanation",
    "get_wait_estimate",
    "get_wait_accuracy",
    "get_shop",
    "update_shop",
    "get_own_client",
    "update_own_client",
    "get_own_client_export",
}


class World:
    """A shop in which two clients come to two providers, each to its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.cut = shop.add_service(5, name="Cut")
        self.providers = {
            whose: shop.add_provider(
                self.cut, name=whose, subject=SUBJECTS[whose][Role.PROVIDER]
            )["id"]
            for whose in (OWN, FOREIGN)
        }
        self.clients = {
            whose: made(self.client(whose).get("/clients/me"))["id"]
            for whose in (OWN, FOREIGN)
        }
        self._starts = itertools.count()
        self._days = itertools.count()
        for whose in (OWN, FOREIGN):
            self.booking_id(whose)

    def client(self, whose: str) -> Caller:
        return self.shop.client(SUBJECTS[whose][Role.CLIENT])

    def caller(self, role: Role) -> Caller:
        return self.shop.caller(role, SUBJECTS[OWN].get(role, "mia"))

    def start(self) -> str:
        """A start that nobody has yet."""
        days, step = divmod(next(self._starts), 90)
        nine = dt.datetime(2030, 1, 9, 9, tzinfo=dt.UTC)
        return (nine + dt.timedelta(days=days, minutes=5 * step)).isoformat()

    def day(self) -> str:
        """A day far ahead that nobody has yet."""
        return str(dt.date(2031, 1, 1) + dt.timedelta(days=next(self._days)))

    def booking_id(self, whose: str) -> str:
        body = {"client_id": self.clients[whose], "provider_id": self.providers[whose]}
        body |= {"service_id": self.cut["id"], "starts_at": self.start()}
        return str(made(self.shop.manager.post("/bookings", **body))["id"])

    def hold_id(self, whose: str) -> str:
        body = {"service_id": self.cut["id"], "provider_id": self.providers[whose]}
        held = self.client(whose).post("/holds", **body, starts_at=self.start())
        return str(made(held)["id"])

    def walk_in_id(self, whose: str) -> str:
        waiting = self.client(whose).get("/walk-ins", status=["waiting", "called"])
        for each in made(waiting)["items"]:
            made(self.shop.manager.put(f"/walk-ins/{each['id']}", status="left"))
        joined = self.client(whose).post("/walk-ins", service_id=self.cut["id"])
        return str(made(joined)["id"])

    def time_off_id(self, whose: str) -> str:
        days = dict.fromkeys(("starts_on", "ends_on"), self.day())
        path = f"/providers/{self.providers[whose]}/time-off"
        return str(made(self.shop.manager.post(path, **days))["id"])

    def date(self, whose: str) -> str:
        day = self.day()
        path = f"/providers/{self.providers[whose]}/date-overrides/{day}"
        made(self.shop.manager.put(path, hours=[]))
        return day

    def effective_from(self, whose: str) -> str:
        day = self.day()
        path = f"/providers/{self.providers[whose]}/working-hours"
        made(self.shop.manager.put(path, hours=[], effective_from=day))
        return day

    def client_id(self, whose: str) -> str:
        return str(self.clients[whose])

    def provider_id(self, whose: str) -> str:
        return str(self.providers[whose])

    def service_id(self, _whose: str) -> str:
        return str(self.shop.add_service()["id"])

    def resource_id(self, _whose: str) -> str:
        chair = self.shop.manager.post("/resources", name="A", kind="chair")
        return str(made(chair)["id"])

    def closure_id(self, _whose: str) -> str:
        days = dict.fromkeys(("starts_on", "ends_on"), self.day())
        return str(made(self.shop.manager.post("/closures", **days))["id"])

    def path(self, operation: Operation, whose: str) -> str:
        """A path to fresh records of somebody."""
        if operation.id == "delete_provider":
            new = made(self.shop.manager.post("/providers", name="C"))["id"]
            return operation.path(provider_id=new)
        if operation.id == "delete_client":
            new = made(self.shop.manager.post("/clients", name="C"))["id"]
            return operation.path(client_id=new)
        if operation.id in ("get_calendar_feed", "delete_calendar_feed"):
            feed = f"/providers/{self.providers[whose]}/calendar-feed"
            made(self.shop.manager.put(feed))
        names = [
            each["name"]
            for each in operation.definition.get("parameters", ())
            if each["in"] == "path"
        ]
        makers: dict[str, Callable[[str], str]] = {
            name: getattr(self, name) for name in names
        }
        return operation.path(**{name: make(whose) for name, make in makers.items()})

    def body(self, operation: Operation, role: Role) -> JsonObject | None:
        """A sound body for one who works on its own records."""
        day = self.day()
        days = {"starts_on": day, "ends_on": day}
        slot = {"service_id": self.cut["id"], "starts_at": self.start()}
        bodies: dict[str, JsonObject] = {
            "create_booking": slot,
            "create_hold": slot,
            "create_walk_in": {"service_id": self.cut["id"]},
            "update_booking": {"notes": "x"},
            "replace_working_hours": {"hours": ALWAYS},
            "update_walk_in": {"status": "left"},
            "create_time_off": days,
            "create_closure": days,
        }
        body = dict(bodies.get(operation.id, operation.body or {}))
        if operation.id == "create_booking" and role is not Role.CLIENT:
            body["client_id"] = self.clients[OWN]
        if operation.id == "create_walk_in" and role is Role.CLIENT:
            made(self.shop.manager.put(f"/walk-ins/{self.walk_in_id(OWN)}", status="left"))
        return None if operation.body is None else body

    def ask(
        self, operation: Operation, role: Role, whose: str, **named: str
    ) -> httpx.Response:
        query = {
            name: self.cut["id"] if name == "service_id" else value
            for name, value in operation.query.items()
        }
        body = self.body(operation, role)
        return self.caller(role)(
            operation.method,
            self.path(operation, whose),
            params=query,
            json=None if body is None else {**body, **named},
        )


@pytest.fixture(scope="module")
def world(new_shop: MakeShop) -> World:
    return World(new_shop())


@pytest.fixture(autouse=True)
def _at_the_first_instant(clock: SettableClock) -> None:
    """The clock shows it, as for every test."""


def scope_of(operation: Operation, role: Role) -> Scope | None:
    return PERMISSIONS[operation.id].get(role)


def cases(*scopes: Scope | None) -> list[Any]:
    return [
        pytest.param(operation, role, id=f"{operation.id}-{role}")
        for operation in IN_A_SHOP
        for role in ROLES
        if scope_of(operation, role) in scopes
    ]


def takes_whose(operation: Operation) -> bool:
    """Whether its path names a record that belongs to somebody."""
    owned = ("booking_id", "hold_id", "walk_in_id", "client_id", "provider_id")
    return any(
        each["in"] == "path" and each["name"] in owned
        for each in operation.definition.get("parameters", ())
    )


@pytest.mark.parametrize(("operation", "role"), cases(None))
def test_what_is_not_a_roles_is_refused(
    world: World, operation: Operation, role: Role
) -> None:
    for whose in (OWN, FOREIGN):
        refused(world.ask(operation, role, whose), 403, "role-may-not")


@pytest.mark.parametrize(("operation", "role"), cases(Scope.ALL))
def test_all_is_of_everybody(world: World, operation: Operation, role: Role) -> None:
    for whose in (OWN, FOREIGN) if takes_whose(operation) else (OWN,):
        answer = world.ask(operation, role, whose)
        assert answer.is_success, answer.text


@pytest.mark.parametrize(("operation", "role"), cases(Scope.OWN))
def test_own_is_of_nobody_else(world: World, operation: Operation, role: Role) -> None:
    answer = world.ask(operation, role, OWN)
    assert answer.is_success, answer.text

    if operation.id in OF_THE_SHOP:
        return
    member = NAMED_IN_BODY.get((operation.id, role))
    if takes_whose(operation):
        refused(world.ask(operation, role, FOREIGN), 404, "not-found")
    elif member is not None:
        others = world.clients if member == "client_id" else world.providers
        named = {member: others[FOREIGN]}
        refused(world.ask(operation, role, OWN, **named), 403, "role-may-not")
    elif operation.id.startswith("list_"):
        kind = operation.template.strip("/")
        ids = {each["id"] for each in answer.json()["items"]}
        seen = {each["id"] for each in _all_of(world.shop.manager, kind)}
        assert ids < seen
        _require_own(world, kind, answer.json()["items"], role)
    else:
        assert (operation.id, role) == ("create_hold", Role.CLIENT)


def _all_of(manager: Caller, kind: str) -> list[JsonObject]:
    items: list[JsonObject] = made(manager.get(f"/{kind}", limit=200))["items"]
    return items


def _require_own(world: World, kind: str, items: list[JsonObject], role: Role) -> None:
    assert items
    for item in items:
        if role is Role.PROVIDER and kind == "bookings":
            assert item["provider_id"] == world.providers[OWN]
        else:
            whose = item["id"] if kind == "clients" else item["client_id"]
            assert whose == world.clients[OWN]


def test_the_page_of_permissions_is_that_of_the_table() -> None:
    printed = CliRunner().invoke(permissions).output

    assert (ROOT / "docs/permissions.md").read_text(encoding="utf-8") == printed
