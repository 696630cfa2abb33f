"""Slots that are kept for a few minutes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from booking_service.app import Parts
from booking_service.domain.actors import Role
from booking_service.services.housekeeping import Housekeeping
from tests.clocks import SettableClock
from tests.databases import one_value
from tests.integration.driver import Caller, JsonObject, Shop, instant, made, refused
from tests.integration.test_races import at_once, no_deadlock

assert no_deadlock  # the fixture guards these tests, too


def hold(
    shop: Shop,
    service: JsonObject,
    at: str = "10:00",
    *,
    by: Caller | None = None,
    **who: Any,
) -> httpx.Response:
    body = {"service_id": service["id"], "starts_at": instant(at), **who}
    return (by or shop.client()).post("/holds", **body)


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service()


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, ends="12:00", subject="anna")


class TestCreateHold:
    def test_keeps_a_slot_like_a_booking(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        answer = hold(shop, cut)
        held = made(answer)

        assert held == {
            "id": held["id"],
            "provider_id": anna["id"],
            "provider_ids": [anna["id"]],
            "service_id": cut["id"],
            "starts_at": "2030-01-08T10:00:00Z",
            "ends_at": "2030-01-08T11:00:00Z",
            "expires_at": "2030-01-07T06:05:00Z",
        }
        path = answer.headers["location"]
        read = shop.client().get(path)
        assert made(read) == held
        assert read.headers["etag"] == answer.headers["etag"]
        assert shop.free(cut) == ["09:00", "11:00"]
        problem = refused(shop.book(cut, "10:00"), 409, "slot-taken")
        assert problem["reasons"] == ["hold"]
        named = [each["starts_at"] for each in problem["alternatives"]]
        assert "2030-01-08T09:00:00Z" in named
        assert "2030-01-08T10:00:00Z" not in named
        refused(hold(shop, cut, by=shop.client("erik")), 409, "slot-taken")

    def test_is_repeated_by_its_key(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        def send() -> httpx.Response:
            body = {"service_id": cut["id"], "starts_at": instant("10:00")}
            headers = {"Idempotency-Key": "one"}
            return shop.client()("POST", "/holds", json=body, headers=headers)

        first, second = send(), send()

        assert made(first) == made(second)
        assert second.headers["idempotent-replayed"] == "true"

    def test_lasts_as_long_as_the_shop_says(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put("/shop", hold_minutes=2))
        path = hold(shop, cut).headers["location"]

        clock.set("2030-01-07T06:01:59Z")
        assert shop.free(cut) == ["09:00", "11:00"]
        clock.set("2030-01-07T06:02:00Z")
        assert shop.free(cut) == ["09:00", "10:00", "11:00"]
        refused(shop.client().get(path), 404, "not-found")
        refused(shop.client().delete(path), 404, "not-found")
        made(shop.book(cut, "10:00"))

    def test_an_expired_one_makes_way_for_a_group(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", capacity=2))
        for _ in range(2):
            made(hold(shop, cut))
        refused(shop.book(cut, "10:00"), 409, "slot-taken")

        clock.set("2030-01-07T07:00:00Z")

        for _ in range(2):
            made(shop.book(cut, "10:00"))
        refused(shop.book(cut, "10:00"), 409, "slot-taken")

    def test_an_expired_one_makes_way_for_a_move(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        path = f"/bookings/{made(shop.book(cut, '09:00'))['id']}"
        made(hold(shop, cut))
        to_ten = {"starts_at": instant("10:00")}
        refused(shop.manager.put(path, **to_ten), 409, "slot-taken")

        clock.set("2030-01-07T07:00:00Z")

        made(shop.manager.put(path, **to_ten))

    def test_is_refused_what_is_not_offered(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        problem = refused(hold(shop, cut, "13:00"), 409, "slot-not-offered")

        assert problem["reasons"] == ["outside_working_hours"]
        assert problem["alternatives"]
        nothing = {"id": anna["id"]}
        refused(hold(shop, nothing), 404, "not-found")
        refused(hold(shop, cut, provider_id=cut["id"]), 404, "not-found")

    def test_by_providers_is_in_their_own_calendar(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bea = shop.add_provider(cut, name="Bea", subject="bea")

        held = made(hold(shop, cut, by=shop.provider("anna")))

        assert held["provider_id"] == anna["id"]
        refused(
            hold(shop, cut, by=shop.provider("anna"), provider_id=bea["id"]),
            403,
            "role-may-not",
        )


class TestWhoSeesAHold:
    def test_its_holder_its_provider_and_managers_do(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))
        path = hold(shop, cut).headers["location"]

        for caller in (shop.client(), shop.provider("anna"), shop.manager):
            made(caller.get(path))
        for caller in (shop.client("erik"), shop.provider("bea")):
            refused(caller.get(path), 404, "not-found")
            refused(caller.delete(path), 404, "not-found")


class TestExpiry:
    def test_is_swept_up(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        clock: SettableClock,
        parts: Parts,
        superuser: Engine,
    ) -> None:
        made(hold(shop, cut, "09:00"))
        clock.set("2030-01-07T06:03:00Z")
        made(hold(shop, cut, "10:00"))
        schema = parts.shops.get(shop.slug).schema
        count = 'select count(*) from "{}".{}'
        clock.set("2030-01-07T06:05:00Z")

        keeping = Housekeeping(parts.database, clock=clock)
        while keeping.step():
            pass

        assert one_value(superuser, count.format(schema, "holds")) == 1
        assert one_value(superuser, count.format(schema, "allocations")) == 1
        assert shop.free(cut) == ["09:00", "11:00"]


class TestReleaseHold:
    def test_gives_the_slot_back(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        path = hold(shop, cut).headers["location"]
        wrong = shop.client()("DELETE", path, headers={"If-Match": '"other"'})
        refused(wrong, 412, "precondition-failed")

        assert shop.client().delete(path).status_code == 204

        assert shop.free(cut) == ["09:00", "10:00", "11:00"]
        refused(shop.client().delete(path), 404, "not-found")


class TestCitingAHold:
    def test_makes_it_the_booking(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        answer = hold(shop, cut)
        held = made(answer)

        booking = made(shop.book(cut, "10:00", by=shop.client(), hold_id=held["id"]))

        assert booking["provider_id"] == held["provider_id"]
        assert shop.free(cut) == ["09:00", "11:00"]
        refused(shop.client().get(answer.headers["location"]), 404, "not-found")
        refused(
            shop.book(cut, "10:00", by=shop.client(), hold_id=held["id"]),
            409,
            "hold-not-usable",
        )
        made(shop.client().delete(f"/bookings/{booking['id']}"))
        assert shop.free(cut) == ["09:00", "10:00", "11:00"]

    def test_takes_what_it_took(self, shop: Shop) -> None:
        chair = made(shop.manager.post("/resources", name="A", kind="chair"))
        exam = shop.add_service(resource_kinds=["chair"])
        ids = [shop.add_provider(exam, name=name)["id"] for name in "AB"]
        together: JsonObject = {"provider_ids": ids, "provider_mode": "all"}
        held = made(hold(shop, exam, **together))

        booking = made(shop.book(exam, "10:00", by=shop.client(), hold_id=held["id"]))

        assert (booking["provider_ids"], booking["resource_ids"]) == (ids, [chair["id"]])
        for provider in ids:
            refused(shop.book(exam, "10:00", {"id": provider}), 409, "slot-taken")

    def test_keeps_its_seat_in_a_group(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", capacity=2))
        held = made(hold(shop, cut))
        made(shop.book(cut, "10:00"))
        refused(shop.book(cut, "10:00"), 409, "slot-taken")

        made(shop.book(cut, "10:00", by=shop.client(), hold_id=held["id"]))

        refused(shop.book(cut, "10:00"), 409, "slot-taken")

    def test_that_is_not_ones_own_or_for_something_else_is_refused(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        bea = shop.add_provider(cut, name="Bea")
        dye = shop.add_service()
        held = made(hold(shop, cut, provider_id=anna["id"]))["id"]

        def cite(
            service: JsonObject = cut, at: str = "10:00", *, by: Caller, **members: Any
        ) -> None:
            answer = shop.book(service, at, by=by, hold_id=held, **members)
            refused(answer, 409, "hold-not-usable")

        cite(by=shop.client("erik"))
        cite(by=shop.caller(Role.MANAGER, "dana"), client={"name": "X"})
        cite(dye, by=shop.client())
        cite(at="11:00", by=shop.client())
        cite(by=shop.client(), provider_id=bea["id"])
        clock.set("2030-01-07T06:05:00Z")
        cite(by=shop.client())

    def test_keeps_the_notice_and_horizon_of_its_making(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(hold(shop, cut))["id"]
        made(shop.manager.put("/shop", min_notice_minutes=10_000, booking_horizon_days=0))
        refused(shop.book(cut, "11:00"), 409, "slot-not-offered")

        made(shop.book(cut, "10:00", by=shop.client(), hold_id=held))

    def test_keeps_its_duration(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(hold(shop, cut))
        made(shop.manager.put(f"/services/{cut['id']}", duration_minutes=180))

        booking = made(shop.book(cut, "10:00", by=shop.client(), hold_id=held["id"]))

        assert booking["ends_at"] == held["ends_at"]

    def test_is_refused_when_the_shop_has_closed_since(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(hold(shop, cut))["id"]
        day = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
        made(shop.manager.post("/closures", **day))

        answer = shop.book(cut, "10:00", by=shop.client(), hold_id=held)

        assert refused(answer, 409, "slot-not-offered")["reasons"] == ["closure"]


class TestAvailability:
    def ask(self, shop: Shop, cut: JsonObject, by: Caller, **query: Any) -> httpx.Response:
        window = {"from": "2030-01-08T00:00:00Z", "to": "2030-01-09T00:00:00Z"}
        headers = query.pop("headers", {})
        params = {"service_id": cut["id"], **window, **query}
        return by("GET", "/availability", params=params, headers=headers)

    def starts(self, answer: httpx.Response) -> list[str]:
        return [slot["starts_at"][11:16] for slot in made(answer)["slots"]]

    def test_is_as_if_ones_own_hold_were_not_there(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(hold(shop, cut))["id"]

        mine = self.ask(shop, cut, shop.client(), hold_id=held)
        theirs = self.ask(shop, cut, shop.client("erik"), hold_id=held)

        assert self.starts(mine) == ["09:00", "10:00", "11:00"]
        assert self.starts(theirs) == ["09:00", "11:00"]
        assert mine.headers["etag"] != theirs.headers["etag"]

    def test_has_a_new_tag_when_a_hold_comes_goes_or_expires(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        dana = shop.client()

        def asked_again(tag: str) -> httpx.Response:
            return self.ask(shop, cut, dana, headers={"If-None-Match": tag})

        first = self.ask(shop, cut, dana)
        path = hold(shop, cut).headers["location"]
        held = asked_again(first.headers["etag"])
        assert self.starts(held) == ["09:00", "11:00"]
        assert asked_again(held.headers["etag"]).status_code == 304
        assert dana.delete(path).status_code == 204
        released = asked_again(held.headers["etag"])
        assert self.starts(released) == ["09:00", "10:00", "11:00"]
        clock.set("2030-01-07T06:00:00.7Z")
        made(hold(shop, cut))
        again = self.ask(shop, cut, dana)
        clock.set("2030-01-07T06:04:59.9Z")
        assert asked_again(again.headers["etag"]).status_code == 304
        clock.set("2030-01-07T06:05:00.1Z")
        assert self.starts(asked_again(again.headers["etag"])) == [
            "09:00",
            "10:00",
            "11:00",
        ]


class TestRaces:
    def test_for_one_hold_have_one_winner(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        statuses = at_once(*[lambda: hold(shop, cut).status_code] * 64)

        assert statuses == {201: 1, 409: 63}

    def test_to_cite_one_hold_have_one_winner(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(hold(shop, cut))["id"]

        def cite() -> int:
            return shop.book(cut, "10:00", by=shop.client(), hold_id=held).status_code

        def book() -> int:
            return shop.book(cut, "10:00").status_code

        statuses = at_once(*[cite, book] * 32)

        assert statuses == {201: 1, 409: 63}

    def test_for_the_place_of_an_expired_hold_have_one_winner(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(hold(shop, cut))
        clock.set("2030-01-07T06:05:00Z")

        statuses = at_once(
            *[
                lambda: shop.book(cut, "10:00").status_code,
                lambda: hold(shop, cut).status_code,
            ]
            * 32
        )

        assert statuses == {201: 1, 409: 63}
