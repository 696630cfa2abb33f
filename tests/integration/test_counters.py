"""Counters rise with whatever changes what is free, and remembered rules with them."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from booking_service.app import Parts
from booking_service.models import RULES
from booking_service.repositories import counters, locks
from booking_service.services.closures import create_closure
from booking_service.services.rulebook import RULEBOOK
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.databases import one_value
from tests.integration.driver import JsonObject, Shop, instant, made, refused

DAYS = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
Counter = Callable[[object], int]


@pytest.fixture
def counter(shop: Shop, parts: Parts, superuser: Engine) -> Counter:
    """Reads the counter of a resource, or of the rules."""
    schema = parts.shops.get(shop.slug).schema
    query = text(f'select value from "{schema}".schedule_counters where resource_id = :id')

    def read(resource: object) -> int:
        with superuser.connect() as connection:
            found = connection.execute(query, {"id": uuid.UUID(str(resource))})
            return int(found.scalar_one_or_none() or 0)

    return read


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service()


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut)


@pytest.fixture
def bert(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, name="Bert")


# Each change of a rule: what has to be there, and the change.
CHANGES: dict[
    str, tuple[tuple[str, str, JsonObject] | None, tuple[str, str, JsonObject]]
] = {
    "update_shop": (None, ("PUT", "/shop", {"min_notice_minutes": 5})),
    "create_service": (None, ("POST", "/services", {"name": "X", "duration_minutes": 5})),
    "update_service": (None, ("PUT", "/services/{cut}", {"duration_minutes": 30})),
    "delete_service": (
        ("POST", "/services", {"name": "X", "duration_minutes": 5}),
        ("DELETE", "{made}", {}),
    ),
    "create_provider": (None, ("POST", "/providers", {"name": "Carl"})),
    "update_provider": (None, ("PUT", "/providers/{anna}", {"active": False})),
    "delete_provider": (("POST", "/providers", {"name": "Carl"}), ("DELETE", "{made}", {})),
    "replace_working_hours": (
        None,
        ("PUT", "/providers/{anna}/working-hours", {"hours": []}),
    ),
    "delete_working_hours_plan": (
        (
            "PUT",
            "/providers/{anna}/working-hours",
            {"hours": [], "effective_from": "2031-01-01"},
        ),
        ("DELETE", "/providers/{anna}/working-hours/plans/2031-01-01", {}),
    ),
    "replace_date_override": (
        None,
        ("PUT", "/providers/{anna}/date-overrides/2030-01-08", {"hours": []}),
    ),
    "delete_date_override": (
        ("PUT", "/providers/{anna}/date-overrides/2030-01-08", {"hours": []}),
        ("DELETE", "/providers/{anna}/date-overrides/2030-01-08", {}),
    ),
    "create_resource": (None, ("POST", "/resources", {"name": "A", "kind": "chair"})),
    "update_resource": (
        ("POST", "/resources", {"name": "A", "kind": "chair"}),
        ("PUT", "{made}", {"active": False}),
    ),
    "delete_resource": (
        ("POST", "/resources", {"name": "A", "kind": "chair"}),
        ("DELETE", "{made}", {}),
    ),
    "create_time_off": (None, ("POST", "/providers/{anna}/time-off", DAYS)),
    "update_time_off": (
        ("POST", "/providers/{anna}/time-off", DAYS),
        ("PUT", "{made}", {"ends_on": "2031-01-03"}),
    ),
    "delete_time_off": (
        ("POST", "/providers/{anna}/time-off", DAYS),
        ("DELETE", "{made}", {}),
    ),
    "create_closure": (None, ("POST", "/closures", DAYS)),
    "update_closure": (
        ("POST", "/closures", DAYS),
        ("PUT", "{made}", {"ends_on": "2031-01-03"}),
    ),
    "delete_closure": (("POST", "/closures", DAYS), ("DELETE", "{made}", {})),
}


class TestRules:
    @pytest.mark.parametrize("change", CHANGES)
    def test_rise_with_each_change(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        counter: Counter,
        change: str,
    ) -> None:
        names = {"cut": cut["id"], "anna": anna["id"], "made": ""}
        before, then = CHANGES[change]

        def send(method: str, path: str, body: JsonObject) -> httpx.Response:
            options: dict[str, Any] = {"json": body} if method != "DELETE" else {}
            answer = shop.manager(method, path.format(**names), **options)
            assert answer.is_success, answer.text
            return answer

        if before is not None:
            names["made"] = send(*before).headers.get("location", "")
        earlier = counter(RULES)
        send(*then)

        assert counter(RULES) == earlier + 1

    def test_are_read_anew_when_they_have_changed(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        assert len(shop.free(cut)) == 8

        made(shop.manager.post("/closures", starts_on="2030-01-08", ends_on="2030-01-08"))

        assert shop.free(cut) == []

    def test_a_provider_that_is_deleted_is_offered_no_more(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        assert {len(slot["provider_ids"]) for slot in shop.slots(cut)} == {2}

        assert shop.manager.delete(f"/providers/{bert['id']}").status_code == 204

        assert {tuple(slot["provider_ids"]) for slot in shop.slots(cut)} == {(anna["id"],)}
        refused(shop.book(cut, "10:00", bert), 404, "not-found")
        query = {"from": instant("00:00"), "to": instant("12:00"), "service_id": cut["id"]}
        answer = shop.manager.get("/availability", provider_id=bert["id"], **query)
        refused(answer, 404, "not-found")

    def test_a_service_that_is_deleted_is_offered_no_more(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        assert len(shop.free(cut)) == 8

        assert shop.manager.delete(f"/services/{cut['id']}").status_code == 204

        refused(shop.book(cut, "10:00", anna), 404, "not-found")
        query = {"from": instant("00:00"), "to": instant("12:00"), "service_id": cut["id"]}
        refused(shop.manager.get("/availability", **query), 404, "not-found")

    def test_nobody_books_past_a_change_that_is_under_way(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, parts: Parts, superuser: Engine
    ) -> None:
        """Who waited for the change's lock sees the change, with the old rules in mind."""
        assert len(shop.free(cut)) == 8
        answers: list[httpx.Response] = []
        booking = threading.Thread(
            target=lambda: answers.append(shop.book(cut, "10:00", anna))
        )
        waiting = (
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        )

        with parts.database.shop_transaction(bound(parts.shops.get(shop.slug))) as session:
            day = {"starts_on": dt.date(2030, 1, 8), "ends_on": dt.date(2030, 1, 8)}
            create_closure(session, members=day, now=parts.clock())
            booking.start()
            deadline = time.monotonic() + 30
            while not one_value(superuser, waiting):
                assert time.monotonic() < deadline
        booking.join()

        problem = refused(answers[0], 409, "slot-not-offered")
        assert problem["reasons"] == ["closure"]

    def test_are_remembered_while_they_have_not(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert len(shop.free(cut)) == 8

        def load(*_: object, **__: object) -> None:
            raise AssertionError("the rules were read again")

        monkeypatch.setattr("booking_service.repositories.rules.load", load)

        assert len(shop.free(cut)) == 8
        made(shop.book(cut, "10:00", anna))

    def test_of_a_change_that_was_rolled_back_are_not_remembered(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, parts: Parts
    ) -> None:
        assert len(shop.free(cut)) == 8

        def fail() -> None:
            with parts.database.shop_transaction(
                bound(parts.shops.get(shop.slug))
            ) as session:
                locks.change_schedule(session)
                session.execute(text("delete from working_hours"))
                number = counters.of_rules(session)
                found = RULEBOOK.rules(session, counter=number, now=parts.clock())
                assert not found.plans
                raise LookupError

        with pytest.raises(LookupError):
            fail()

        made(shop.manager.put("/shop", name="Same number, other rules"))
        assert len(shop.free(cut)) == 8


class TestResources:
    def test_rise_with_a_booking_and_its_end(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, counter: Counter
    ) -> None:
        seen = [counter(anna["id"])]
        booking = made(shop.book(cut, "10:00", anna))
        seen.append(counter(anna["id"]))
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        seen.append(counter(anna["id"]))

        assert seen == [0, 1, 2]

    def test_rise_on_both_sides_of_a_move(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        counter: Counter,
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        before = counter(anna["id"]), counter(bert["id"])

        made(shop.manager.put(f"/bookings/{booking['id']}", provider_id=bert["id"]))

        assert (counter(anna["id"]), counter(bert["id"])) == (before[0] + 1, before[1] + 1)

    def test_rise_when_a_booking_ends_early(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        counter: Counter,
        clock: SettableClock,
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        before = counter(anna["id"])
        clock.set("2030-01-08T10:20:00Z")

        made(shop.manager.put(f"/bookings/{booking['id']}", status="completed"))

        assert counter(anna["id"]) == before + 1

    def test_stand_when_a_booking_is_refused(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, counter: Counter
    ) -> None:
        made(shop.book(cut, "10:00", anna))
        before = counter(anna["id"])

        assert shop.book(cut, "10:00", anna).status_code == 409

        assert counter(anna["id"]) == before


class TestWalkIns:
    def test_starting_and_finishing_count_for_provider_and_resource(
        self, shop: Shop, counter: Counter, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T10:00:00Z")
        chair = made(shop.manager.post("/resources", name="A", kind="chair"))
        wash = shop.add_service(30, resource_kinds=["chair"])
        anna = shop.add_provider(wash)
        walk_in = made(shop.manager.post("/walk-ins", service_id=wash["id"]))
        for status in ("called", "in_service", "done"):
            before = [counter(each["id"]) for each in (anna, chair)]

            made(shop.manager.put(f"/walk-ins/{walk_in['id']}", status=status))

            risen = [counter(each["id"]) for each in (anna, chair)]
            step = int(status != "called")
            assert risen == [value + step for value in before]
