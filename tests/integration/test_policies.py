"""What a shop limits, and what a manager may do in spite of it."""

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
    return shop.add_provider(cut, ends="13:00")


@pytest.fixture
def bert(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, name="Bert", ends="13:00")


def settle(shop: Shop, **settings: Any) -> None:
    made(shop.manager.put("/shop", **settings))


def hold(shop: Shop, service: JsonObject, at: str, by: Caller) -> httpx.Response:
    return by.post("/holds", service_id=service["id"], starts_at=instant(at))


class TestDailyCapOfTheShop:
    def test_counts_bookings_and_holds_of_all_providers(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        settle(shop, max_bookings_per_day=2)
        booking = made(shop.book(cut, "09:00", anna))
        held = made(hold(shop, cut, "10:00", shop.client()))

        assert shop.free(cut) == []
        assert shop.free(cut, day="2030-01-09")
        problem = refused(shop.book(cut, "11:00", bert), 409, "slot-not-offered")
        assert problem["reasons"] == ["daily_cap"]
        made(shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("11:00")))
        made(shop.book(cut, "10:00", by=shop.client(), hold_id=held["id"]))
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        made(shop.book(cut, "12:00", bert))

    def test_counts_minutes(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        trim = shop.add_service(30, name="Trim")
        made(shop.manager.put(f"/providers/{bert['id']}", service_ids=[trim["id"]]))
        settle(shop, max_booked_minutes_per_day=90)
        made(shop.book(cut, "09:00"))

        assert shop.free(cut) == []
        assert shop.free(trim)
        made(shop.book(trim, "09:00"))
        assert shop.free(trim) == []
        settle(shop, max_booked_minutes_per_day=20)
        assert shop.free(trim, day="2030-01-09") == []

    def test_has_a_new_tag_whoever_is_booked(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        settle(shop, max_bookings_per_day=1)
        query = {
            "service_id": cut["id"],
            "provider_id": bert["id"],
            "from": "2030-01-08T00:00:00Z",
            "to": "2030-01-09T00:00:00Z",
        }

        def ask(tag: str = "") -> httpx.Response:
            headers = {"If-None-Match": tag} if tag else {}
            return shop.manager("GET", "/availability", params=query, headers=headers)

        free = ask()
        booking = made(shop.book(cut, "09:00", anna))
        full = ask(free.headers["etag"])
        assert made(full)["slots"] == []
        made(shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("10:00")))
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        assert made(ask(full.headers["etag"]))["slots"]

    def test_says_when_a_hold_that_counts_expires(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        clock: SettableClock,
    ) -> None:
        settle(shop, max_bookings_per_day=1)
        made(hold(shop, cut, "12:00", shop.client()))
        window = {"from": "2030-01-08T09:00:00Z", "to": "2030-01-08T10:00:00Z"}
        query = {"service_id": cut["id"], "provider_id": bert["id"], **window}
        full = shop.manager.get("/availability", **query)
        assert made(full)["slots"] == []

        clock.set("2030-01-07T06:05:00Z")

        headers = {"If-None-Match": full.headers["etag"]}
        again = shop.manager("GET", "/availability", params=query, headers=headers)
        assert made(again)["slots"]

    def test_shows_the_seats_that_it_leaves(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", capacity=9))
        settle(shop, max_bookings_per_day=3)
        made(shop.book(cut, "09:00"))

        assert {slot["seats_left"] for slot in shop.slots(cut)} == {2}

    @pytest.mark.parametrize(
        "cap", [{"max_bookings_per_day": 3}, {"max_booked_minutes_per_day": 180}]
    )
    def test_is_never_passed_by_many_at_once(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        cap: dict[str, int],
    ) -> None:
        settle(shop, **cap)

        def book(at: str) -> int:
            return shop.book(cut, at).status_code

        def keep(at: str) -> int:
            return hold(shop, cut, at, shop.client(at)).status_code

        starts = ["09:00", "10:00", "11:00", "12:00"] * 8
        statuses = at_once(
            *(lambda at=at: book(at) for at in starts),
            *(lambda at=at: keep(at) for at in starts),
        )

        assert statuses == {201: 3, 409: 61}


class TestLimitsOfAClient:
    def test_bound_its_open_bookings(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        settle(shop, max_open_bookings_per_client=1)
        dana = shop.client()
        made(shop.book(cut, "09:00", by=dana))

        problem = refused(shop.book(cut, "10:00", by=dana), 409, "slot-not-offered")
        assert problem["reasons"] == ["client_limit"]
        assert problem["alternatives"] == []
        refused(hold(shop, cut, "10:00", dana), 409, "slot-not-offered")
        made(shop.book(cut, "10:00", by=shop.client("erik")))
        made(shop.book(cut, "11:00"))
        clock.set("2030-01-08T09:00:00Z")
        made(shop.book(cut, "12:00", by=dana))

    def test_show_in_what_it_is_offered(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        clock: SettableClock,
    ) -> None:
        settle(shop, max_open_bookings_per_client=1)
        dana = shop.client()
        query = {
            "service_id": cut["id"],
            "provider_id": bert["id"],
            "from": "2030-01-09T00:00:00Z",
            "to": "2030-01-10T00:00:00Z",
        }

        def ask(tag: str = "") -> httpx.Response:
            headers = {"If-None-Match": tag} if tag else {}
            return dana("GET", "/availability", params=query, headers=headers)

        free = ask()
        assert made(free)["slots"]
        booking = made(shop.book(cut, "09:00", anna, by=dana))
        barred = ask(free.headers["etag"])
        assert made(barred)["slots"] == []
        assert shop.free(cut, day="2030-01-09")
        made(dana.delete(f"/bookings/{booking['id']}"))
        assert made(ask(barred.headers["etag"]))["slots"]
        made(shop.book(cut, "09:00", anna, by=dana))
        barred = ask()
        clock.set("2030-01-08T09:00:00Z")
        assert made(ask(barred.headers["etag"]))["slots"]

    def test_bound_its_holds(self, shop: Shop, cut: JsonObject, anna: JsonObject) -> None:
        settle(shop, max_holds_per_client=1)
        first = hold(shop, cut, "09:00", shop.client())
        made(first)

        refused(hold(shop, cut, "10:00", shop.client()), 409, "client-limit-reached")
        made(hold(shop, cut, "10:00", shop.client("erik")))
        shop.client().delete(first.headers["location"])
        made(hold(shop, cut, "09:00", shop.client()))

    @pytest.mark.parametrize(
        "policy", ["max_open_bookings_per_client", "max_holds_per_client"]
    )
    def test_are_never_passed_by_many_at_once(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, policy: str
    ) -> None:
        settle(shop, **{policy: 2})

        def ask(at: str) -> int:
            if "holds" in policy:
                return hold(shop, cut, at, shop.client()).status_code
            return shop.book(cut, at, by=shop.client()).status_code

        starts = ["09:00", "10:00", "11:00", "12:00"] * 8
        statuses = at_once(*(lambda at=at: ask(at) for at in starts))

        assert statuses == {201: 2, 409: 30}


class TestNoticeForMoving:
    def test_is_that_for_cancelling_unless_it_is_set(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        settle(shop, cancellation_notice_minutes=60)
        path = f"/bookings/{made(shop.book(cut, '10:00', by=shop.client()))['id']}"
        clock.set("2030-01-08T08:30:00Z")

        made(shop.client().put(path, starts_at=instant("11:00")))
        settle(shop, reschedule_notice_minutes=180)
        to_noon = {"starts_at": instant("12:00")}
        refused(shop.client().put(path, **to_noon), 409, "cancellation-too-late")
        made(shop.manager.put(path, **to_noon))
        made(shop.client().delete(path))


class TestOverride:
    @pytest.mark.parametrize(
        ("at", "rule", "reason"),
        [
            ("14:00", "hours", "outside_working_hours"),
            ("09:30", "break", "break"),
            ("10:07", "grid", "off_grid"),
            ("2030-01-07T09:00:00Z", "notice", "notice"),
            ("2030-01-20T09:00:00Z", "horizon", "horizon"),
            ("12:00", "cap", "daily_cap"),
        ],
    )
    def test_books_and_moves_past_the_rule_that_is_named(
        self, shop: Shop, at: str, rule: str, reason: str
    ) -> None:
        trim = shop.add_service(30, max_per_day=1)
        shop.add_provider(trim, ends="13:00", breaks=[("09:30", "10:00")])
        settle(shop, min_notice_minutes=1200, booking_horizon_days=10)
        if rule == "cap":
            made(shop.book(trim, "10:00"))
        refusal = refused(shop.book(trim, at), 409, "slot-not-offered")
        assert refusal["reasons"] == [reason]

        booking = made(shop.book(trim, at, override=[rule]))

        assert booking["starts_at"] == instant(at)
        other = made(shop.book(trim, "2030-01-09T09:00:00Z"))
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        path = f"/bookings/{other['id']}"
        refused(shop.manager.put(path, starts_at=instant(at)), 409, "slot-not-offered")
        made(shop.manager.put(path, starts_at=instant(at), override=[rule]))

    def test_does_not_book_past_others_or_past_what_is_not_named(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        everything = ["hours", "break", "notice", "horizon", "grid", "cap"]
        made(shop.book(cut, "10:00"))
        refused(shop.book(cut, "10:30", override=everything), 409, "slot-taken")
        day = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
        made(shop.manager.post("/closures", **day))
        problem = refused(
            shop.book(cut, "12:30", override=["hours"]), 409, "slot-not-offered"
        )
        assert problem["reasons"] == ["closure"]
        past = shop.book(cut, "2030-01-06T10:00:00Z", override=everything)
        assert "past" in refused(past, 409, "slot-not-offered")["reasons"]

    def test_is_for_managers_only(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put(f"/providers/{anna['id']}", subject="anna"))
        dana = made(shop.manager.post("/clients", name="Dana"))
        booking = made(shop.book(cut, "09:00", by=shop.client()))
        path = f"/bookings/{booking['id']}"

        for by, whose in (
            (shop.client(), {}),
            (shop.provider(), {"client_id": dana["id"]}),
        ):
            answer = shop.book(cut, "14:00", by=by, override=["hours"], **whose)
            refused(answer, 403, "role-may-not")
            moved = by.put(path, starts_at=instant("14:00"), override=["hours"])
            refused(moved, 403, "role-may-not")
            noted = by.put(path, notes="hello", override=["hours"])
            refused(noted, 403, "role-may-not")
        wrong = shop.book(cut, "14:00", override=["closure"])
        assert refused(wrong, 400, "invalid-input")["errors"][0]["pointer"] == "/override/0"
