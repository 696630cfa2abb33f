"""Why a start cannot be booked, and what could be had instead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.clocks import SettableClock
from tests.integration.driver import Caller, JsonObject, Shop, instant, made, refused
from tests.integration.test_races import at_once, no_deadlock

assert no_deadlock  # the fixture guards these tests, too


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service()


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, ends="12:00")


class TestExplanation:
    def ask(
        self,
        shop: Shop,
        service: JsonObject,
        at: str,
        *,
        by: Caller | None = None,
        **who: Any,
    ) -> httpx.Response:
        query = {"service_id": service["id"], "starts_at": instant(at), **who}
        return (by or shop.client()).get("/availability/explain", **query)

    def test_of_what_can_be_booked(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        assert made(self.ask(shop, cut, "10:00")) == {
            "starts_at": instant("10:00"),
            "ends_at": instant("11:00"),
            "bookable": True,
            "reasons": [],
            "providers": [{"provider_id": anna["id"], "bookable": True, "reasons": []}],
        }

    def test_names_every_reason(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.post("/resources", name="A", kind="chair"))
        path = f"/services/{cut['id']}"
        made(shop.manager.put(path, buffer_after_minutes=15, max_per_day=1))
        made(shop.book(cut, "10:00"))
        day = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
        made(shop.manager.post(f"/providers/{anna['id']}/time-off", **day))
        made(shop.manager.post("/closures", **day))
        made(shop.manager.put(path, active=False, resource_kinds=["laser"]))
        made(shop.manager.put(f"/providers/{anna['id']}", service_ids=[]))
        made(
            shop.manager.put(
                "/shop", booking_horizon_days=0, max_open_bookings_per_client=1
            )
        )
        clock.set("2030-01-07T06:00:00Z")

        found = made(self.ask(shop, cut, "10:30", provider_id=anna["id"]))

        assert found["reasons"] == [
            "horizon",
            "off_grid",
            "time_off",
            "closure",
            "booking",
            "resource",
            "daily_cap",
            "not_offered",
            "inactive",
        ]
        assert not found["bookable"]

    @pytest.mark.parametrize(
        ("at", "reasons"),
        [
            ("2030-01-07T05:00:00Z", ["past", "outside_working_hours"]),
            ("2030-01-07T07:00:00Z", ["notice", "outside_working_hours"]),
            ("09:30", ["off_grid", "break"]),
            ("11:00", ["buffer"]),
            ("2030-01-08T10:00:00.5Z", ["off_grid"]),
        ],
    )
    def test_names_what_it_is(self, shop: Shop, at: str, reasons: list[str]) -> None:
        trim = shop.add_service(60, buffer_before_minutes=5)
        anna = shop.add_provider(trim, ends="14:00", breaks=[("09:45", "09:50")])
        made(shop.manager.put("/shop", min_notice_minutes=120))
        made(shop.book(trim, "12:00"))
        made(shop.manager.put(f"/services/{trim['id']}", buffer_after_minutes=5))

        found = made(self.ask(shop, trim, at, provider_id=anna["id"]))

        assert found["reasons"] == reasons

    def test_agrees_with_the_refusal(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert", starts="14:00")
        for at in ("08:00", "10:00", "10:30", "13:00"):
            told = made(self.ask(shop, cut, at))
            answer = shop.book(cut, at)
            if told["bookable"]:
                made(answer)
            else:
                assert answer.json()["reasons"] == told["reasons"]
        both = made(self.ask(shop, cut, "10:00", by=shop.manager))
        assert [each["bookable"] for each in both["providers"]] == [False, False]
        together: JsonObject = {
            "provider_id": [anna["id"], bert["id"]],
            "provider_mode": "all",
        }
        assert made(self.ask(shop, cut, "10:00", **together))["reasons"] == [
            "outside_working_hours",
            "booking",
        ]

    def test_knows_limits_and_holds_of_the_one_who_asks(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        held = made(
            shop.client().post("/holds", service_id=cut["id"], starts_at=instant("10:00"))
        )
        assert made(self.ask(shop, cut, "10:00"))["reasons"] == ["hold"]
        assert made(self.ask(shop, cut, "10:00", hold_id=held["id"]))["bookable"]
        made(shop.manager.put("/shop", max_open_bookings_per_client=1))
        made(shop.book(cut, "09:00", by=shop.client()))
        assert made(self.ask(shop, cut, "11:00"))["reasons"] == ["client_limit"]
        assert made(self.ask(shop, cut, "11:00", by=shop.manager))["bookable"]

    def test_of_what_nobody_offers(self, shop: Shop, cut: JsonObject) -> None:
        found = made(self.ask(shop, cut, "10:00"))

        assert (found["bookable"], found["reasons"]) == (False, ["not_offered"])

    def test_needs_what_there_is(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        refused(self.ask(shop, anna, "10:00"), 404, "not-found")
        refused(self.ask(shop, cut, "10:00", provider_id=cut["id"]), 404, "not-found")
        refused(self.ask(shop, cut, "today"), 400, "invalid-input")


class TestNextSlots:
    def ask(self, shop: Shop, service: JsonObject, **query: Any) -> list[str]:
        answer = shop.client().get("/availability/next", service_id=service["id"], **query)
        return [slot["starts_at"] for slot in made(answer)["slots"]]

    def test_are_the_first_that_are_free(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "2030-01-07T10:00:00Z"))

        assert self.ask(shop, cut, limit=4) == [
            "2030-01-07T09:00:00Z",
            "2030-01-07T11:00:00Z",
            "2030-01-08T09:00:00Z",
            "2030-01-08T10:00:00Z",
        ]
        assert len(self.ask(shop, cut)) == 5
        later = {"from": "2030-01-08T09:00:00.5Z", "limit": 1}
        assert self.ask(shop, cut, **later) == ["2030-01-08T10:00:00Z"]

    def test_are_found_at_the_end_of_the_horizon(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put("/shop", booking_horizon_days=1095))
        shop.set_hours(anna, [])
        path = f"/providers/{anna['id']}/date-overrides"
        for date in ("2033-01-06", "2033-01-07"):
            hours = [{"starts": "09:00", "ends": "10:00"}]
            made(shop.manager.put(f"{path}/{date}", hours=hours))

        assert self.ask(shop, cut) == ["2033-01-06T09:00:00Z"]

    def test_are_none_for_one_who_may_not_book(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put("/shop", max_open_bookings_per_client=1))
        made(shop.book(cut, "09:00", by=shop.client()))

        assert self.ask(shop, cut) == []

    def test_need_what_there_is(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        path = "/availability/next"
        refused(shop.client().get(path, service_id=anna["id"]), 404, "not-found")
        refused(
            shop.client().get(path, service_id=cut["id"], limit=0), 400, "invalid-input"
        )


class TestHoldAlternative:
    def book(self, shop: Shop, cut: JsonObject, *, key: str = "one") -> httpx.Response:
        body = {
            "service_id": cut["id"],
            "starts_at": instant("10:00"),
            "hold_alternative": True,
        }
        headers = {"Idempotency-Key": key}
        return shop.client()("POST", "/bookings", json=body, headers=headers)

    def test_holds_the_first_that_is_named(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00"))

        problem = refused(self.book(shop, cut), 409, "slot-taken")

        first, hold = problem["alternatives"][0], problem["hold"]
        assert hold["starts_at"] == first["starts_at"]
        assert hold["provider_ids"] == first["provider_ids"]
        refused(shop.book(cut, hold["starts_at"]), 409, "slot-taken")
        made(shop.book(cut, hold["starts_at"], by=shop.client(), hold_id=hold["id"]))

    def test_books_if_it_can(self, shop: Shop, cut: JsonObject, anna: JsonObject) -> None:
        assert made(self.book(shop, cut))["starts_at"] == instant("10:00")

    def test_is_answered_again_while_the_hold_lives(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        first, second = self.book(shop, cut), self.book(shop, cut)

        assert second.status_code == 409
        assert second.content == first.content
        assert second.headers["idempotent-replayed"] == "true"
        assert second.headers["content-type"] == "application/problem+json"
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        assert self.book(shop, cut).status_code == 409
        clock.set("2030-01-07T06:05:00Z")
        assert made(self.book(shop, cut))["starts_at"] == instant("10:00")

    def test_names_alternatives_only_if_none_can_be_held(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put("/shop", max_holds_per_client=1))
        made(shop.book(cut, "10:00"))
        refused(self.book(shop, cut), 409, "slot-taken")

        problem = refused(self.book(shop, cut, key="two"), 409, "slot-taken")

        assert "hold" not in problem
        assert problem["alternatives"]

    def test_of_many_at_once_each_has_its_own(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00"))
        held: list[str] = []

        def ask(number: int) -> int:
            answer = self.book(shop, cut, key=str(number))
            hold = answer.json().get("hold")
            if hold:
                held.append(hold["starts_at"])
            return answer.status_code

        statuses = at_once(*(lambda n=n: ask(n) for n in range(16)))

        assert statuses == {409: 16}
        assert len(held) == len(set(held)) >= 5
