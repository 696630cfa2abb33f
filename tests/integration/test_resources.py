"""Shop, providers, services, clients: read, change, refuse."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.clocks import SettableClock
from tests.integration.driver import Caller, JsonObject, Shop, made, refused

UNKNOWN = str(uuid.UUID(int=9))


class TestShop:
    def test_begins_with_defaults(self, shop: Shop) -> None:
        assert made(shop.manager.get("/shop")) == {
            "slug": shop.slug,
            "name": shop.slug,
            "timezone": "UTC",
            "currency": "EUR",
            "slot_interval_minutes": None,
            "min_notice_minutes": 0,
            "booking_horizon_days": 90,
            "cancellation_notice_minutes": 0,
            "reschedule_notice_minutes": None,
            "max_bookings_per_day": None,
            "max_booked_minutes_per_day": None,
            "max_open_bookings_per_client": None,
            "max_holds_per_client": None,
            "hold_minutes": 5,
            "auto_confirm": True,
            "accepts_walk_ins": True,
            "walk_in_call_minutes": 10,
        }

    def test_keeps_what_is_left_out(self, shop: Shop) -> None:
        before = made(shop.manager.get("/shop"))

        after = made(shop.manager.put("/shop", slot_interval_minutes=15))

        assert after == before | {"slot_interval_minutes": 15}
        assert made(shop.manager.put("/shop", slot_interval_minutes=None)) == before

    def test_a_new_name_and_zone_reach_the_platform(
        self, shop: Shop, platform: Caller
    ) -> None:
        made(shop.manager.put("/shop", name="Anna & Co", timezone="Asia/Kolkata"))

        listed = made(platform.get(f"/platform/shops/{shop.slug}"))
        assert (listed["name"], listed["timezone"]) == ("Anna & Co", "Asia/Kolkata")

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("slug", "other"),
            ("name", ""),
            ("name", "  "),
            ("name", None),
            ("timezone", "Mars/Olympus"),
            ("timezone", None),
            ("currency", "euro"),
            ("slot_interval_minutes", 0),
            ("slot_interval_minutes", 1441),
            ("slot_interval_minutes", 1.5),
            ("min_notice_minutes", -1),
            ("min_notice_minutes", 525601),
            ("booking_horizon_days", 1096),
            ("cancellation_notice_minutes", "1"),
            ("hold_minutes", 0),
            ("auto_confirm", "yes"),
        ],
    )
    def test_names_a_bad_member_and_writes_nothing(
        self, shop: Shop, member: str, value: Any
    ) -> None:
        before = made(shop.manager.get("/shop"))

        problem = refused(
            shop.manager.put("/shop", **{"auto_confirm": False, member: value}),
            400,
            "invalid-input",
        )

        assert problem["errors"][0]["pointer"] == f"/{member}"
        assert made(shop.manager.get("/shop")) == before


class TestProviders:
    def test_are_made_read_changed_and_taken_out(self, shop: Shop) -> None:
        cut = shop.add_service()
        answer = shop.manager.post(
            "/providers", name="Anna", email="a@example.com", service_ids=[cut["id"]]
        )
        anna = made(answer)
        path = answer.headers["location"]

        changed = made(shop.manager.put(path, phone="+49 30 123", service_ids=[]))

        assert anna["service_ids"] == [cut["id"]]
        assert changed == anna | {"phone": "+49 30 123", "service_ids": []}
        assert made(shop.manager.get(path)) == changed
        assert shop.manager.delete(path).status_code == 204
        refused(shop.manager.get(path), 404, "not-found")
        assert made(shop.manager.get("/providers"))["items"] == []

    def test_clients_see_the_public_half(self, shop: Shop) -> None:
        anna = shop.add_provider(email="a@example.com", subject="anna")

        seen = made(shop.client().get(f"/providers/{anna['id']}"))

        assert seen == {"id": anna["id"], "name": "Anna", "service_ids": []}
        assert made(shop.client().get("/providers"))["items"] == [seen]

    def test_a_subject_belongs_to_one(self, shop: Shop) -> None:
        shop.add_provider(subject="anna")
        bea = shop.add_provider(name="Bea")

        for answer in (
            shop.manager.post("/providers", name="Eve", subject="anna"),
            shop.manager.put(f"/providers/{bea['id']}", subject="anna"),
        ):
            refused(answer, 409, "subject-in-use")

    def test_bookings_ahead_keep_one_in_the_shop(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        cut = shop.add_service()
        anna = shop.add_provider(cut)
        made(shop.book(cut, "10:00", anna))
        path = f"/providers/{anna['id']}"

        refused(shop.manager.delete(path), 409, "has-future-bookings")
        clock.set("2030-01-08T12:00:00Z")

        assert shop.manager.delete(path).status_code == 204
        assert len(made(shop.manager.get("/bookings"))["items"]) == 1

    def test_an_unknown_service_is_not_found(self, shop: Shop) -> None:
        answer = shop.manager.post("/providers", name="Anna", service_ids=[UNKNOWN])

        refused(answer, 404, "not-found")
        assert made(shop.manager.get("/providers"))["items"] == []

    def test_come_in_pages_and_by_service(self, shop: Shop) -> None:
        cut = shop.add_service()
        names = [f"Provider {number}" for number in range(5)]
        for name in names:
            shop.add_provider(cut, name=name)
        shop.add_provider(name="Other")

        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = made(
                shop.manager.get("/providers", limit=2, service_id=cut["id"], **cursor)
            )
            seen += [provider["name"] for provider in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}

        assert seen == names

    def test_a_cursor_of_another_shop_is_refused(self, shop: Shop, new_shop: Any) -> None:
        for _ in range(2):
            shop.add_provider()
        cursor = made(shop.manager.get("/providers", limit=1))["next_cursor"]

        answer = new_shop().manager.get("/providers", limit=1, cursor=cursor)

        refused(answer, 400, "invalid-input")


class TestServices:
    def test_are_made_read_changed_and_taken_out(self, shop: Shop) -> None:
        price = {"amount_minor": 4500, "currency": "EUR"}
        cut = shop.add_service(45, price=price, description="Wash and cut")
        path = f"/services/{cut['id']}"

        changed = made(shop.manager.put(path, price=None, buffer_after_minutes=10))

        assert cut["price"] == price
        assert changed == cut | {"price": None, "buffer_after_minutes": 10}
        assert made(shop.client().get(path)) == changed
        assert made(shop.client().get("/services"))["items"] == [changed]
        assert shop.manager.delete(path).status_code == 204
        refused(shop.manager.get(path), 404, "not-found")

    def test_bookings_ahead_keep_one(self, shop: Shop) -> None:
        cut = shop.add_service()
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00"))
        path = f"/services/{cut['id']}"

        refused(shop.manager.delete(path), 409, "has-future-bookings")
        made(shop.manager.delete(f"/bookings/{booking['id']}"))

        assert shop.manager.delete(path).status_code == 204

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("duration_minutes", 0),
            ("duration_minutes", 1441),
            ("duration_minutes", None),
            ("buffer_before_minutes", -1),
            ("buffer_after_minutes", 1441),
            ("capacity", 0),
            ("capacity", 1001),
            ("max_per_day", 0),
            ("price", {"amount_minor": 1}),
            ("price", {"amount_minor": -1, "currency": "EUR"}),
            ("price", 10),
            ("active", None),
        ],
    )
    def test_name_a_bad_member(self, shop: Shop, member: str, value: Any) -> None:
        body = {"name": "Cut", "duration_minutes": 30, member: value}

        problem = refused(shop.manager.post("/services", **body), 400, "invalid-input")

        assert problem["errors"][0]["pointer"].startswith(f"/{member}")
        assert made(shop.manager.get("/services"))["items"] == []


class TestClients:
    def test_are_made_read_and_changed(self, shop: Shop) -> None:
        answer = shop.manager.post(
            "/clients", name="Dana", locale="de-AT", notification_channels=["sms", "email"]
        )
        dana = made(answer)
        path = answer.headers["location"]

        changed = made(shop.manager.put(path, name=None, email="d@example.com"))

        assert dana["notification_channels"] == ["sms", "email"]
        assert changed == dana | {"name": None, "email": "d@example.com"}
        assert made(shop.manager.get(path)) == changed
        assert made(shop.manager.get("/clients"))["items"] == [changed]

    def test_one_has_its_own_record_from_its_first_use_on(self, shop: Shop) -> None:
        first = made(shop.client("dana").get("/clients/me"))

        second = made(shop.client("dana").put("/clients/me", name="Dana"))

        assert first["name"] is None
        assert second == first | {"name": "Dana"}
        assert made(shop.client("eve").get("/clients/me"))["id"] != first["id"]

    def test_one_cannot_change_its_subject(self, shop: Shop) -> None:
        problem = refused(
            shop.client("dana").put("/clients/me", subject="eve"), 400, "invalid-input"
        )

        assert problem["errors"][0]["pointer"] == "/subject"

    def test_a_subject_belongs_to_one(self, shop: Shop) -> None:
        made(shop.client("dana").get("/clients/me"))

        answer = shop.manager.post("/clients", name="Dana", subject="dana")

        refused(answer, 409, "subject-in-use")

    def test_a_provider_sees_those_of_its_bookings(self, shop: Shop) -> None:
        cut = shop.add_service()
        anna = shop.add_provider(cut, subject="anna")
        served = made(shop.book(cut, "10:00", anna))["client_id"]
        other = made(shop.manager.post("/clients", name="Eve"))["id"]
        as_anna = shop.provider("anna")

        assert [c["id"] for c in made(as_anna.get("/clients"))["items"]] == [served]
        assert made(as_anna.get(f"/clients/{served}"))["name"] == "Dana"
        refused(as_anna.get(f"/clients/{other}"), 404, "not-found")

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("name", ""),
            ("email", "nobody"),
            ("phone", "call me"),
            ("locale", "german!"),
            ("notification_channels", ["fax"]),
            ("notification_channels", ["sms", "sms"]),
            ("subject", ""),
        ],
    )
    def test_name_a_bad_member(self, shop: Shop, member: str, value: Any) -> None:
        body: JsonObject = {"name": "Dana", member: value}

        problem = refused(shop.manager.post("/clients", **body), 400, "invalid-input")

        assert problem["errors"][0]["pointer"].startswith(f"/{member}")
