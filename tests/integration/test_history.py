"""Who changed what of a booking, and when."""

from __future__ import annotations

import uuid

import pytest

from booking_service.app import Parts
from booking_service.services.booking_changes import expire_booking
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service()


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, subject="anna")


def history(shop: Shop, booking: JsonObject) -> list[JsonObject]:
    items: list[JsonObject] = made(shop.manager.get(f"/bookings/{booking['id']}/history"))[
        "items"
    ]
    return items


class TestHistory:
    def test_tells_the_life_of_a_booking(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:00", by=shop.client("dana"), notes="hi"))
        path = f"/bookings/{booking['id']}"
        clock.set("2030-01-07T07:00:00Z")
        made(shop.provider("anna").put(path, starts_at=instant("11:00"), notes=None))
        made(shop.manager.delete(path, reason="ill"))
        made(shop.manager.delete(path, reason="again"))

        created, moved, cancelled = history(shop, booking)

        assert (created["role"], created["subject"]) == ("client", "dana")
        assert created["changed_at"] == "2030-01-07T06:00:00Z"
        assert created["before"] == {}
        assert created["after"] == {
            "starts_at": instant("10:00"),
            "ends_at": instant("11:00"),
            "provider_ids": [anna["id"]],
            "resource_ids": [],
            "status": "confirmed",
            "notes": "hi",
        }
        assert (moved["role"], moved["subject"]) == ("provider", "anna")
        assert moved["changed_at"] == "2030-01-07T07:00:00Z"
        assert moved["before"] == {
            "starts_at": instant("10:00"),
            "ends_at": instant("11:00"),
            "notes": "hi",
        }
        assert moved["after"] == {
            "starts_at": instant("11:00"),
            "ends_at": instant("12:00"),
            "notes": None,
        }
        assert cancelled["after"] == {"status": "cancelled", "cancellation_reason": "ill"}

    def test_of_what_changes_nothing_says_nothing(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        path = f"/bookings/{booking['id']}"

        made(shop.manager.put(path, starts_at=booking["starts_at"]))
        refused(shop.manager.put(path, starts_at=instant("20:00")), 409, "slot-not-offered")

        assert len(history(shop, booking)) == 1

    def test_names_the_service_itself_by_nothing(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        clock: SettableClock,
        parts: Parts,
    ) -> None:
        made(shop.manager.put("/shop", auto_confirm=False))
        booking = made(shop.book(cut, "10:00", by=shop.client()))
        clock.set("2030-01-08T10:00:00Z")
        with parts.database.shop_transaction(bound(parts.shops.get(shop.slug))) as session:
            expire_booking(
                session, subject=_id(booking), schedule_version=1, now=parts.clock()
            )

        expired = history(shop, booking)[-1]

        assert (expired["role"], expired["subject"]) == (None, None)
        assert expired["after"]["status"] == "cancelled"

    def test_comes_page_by_page(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        path = f"/bookings/{booking['id']}"
        for number in range(3):
            made(shop.manager.put(path, notes=str(number)))

        first = made(shop.manager.get(f"{path}/history", limit=3))
        rest = made(shop.manager.get(f"{path}/history", cursor=first["next_cursor"]))

        assert [*first["items"], *rest["items"]] == history(shop, booking)
        assert len(rest["items"]) == 1

    def test_is_for_staff_and_of_ones_own_calendar(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))
        booking = made(shop.book(cut, "10:00", anna, by=shop.client()))
        path = f"/bookings/{booking['id']}/history"

        refused(shop.client().get(path), 403, "role-may-not")
        made(shop.provider("anna").get(path))
        refused(shop.provider("bea").get(path), 404, "not-found")
        refused(shop.manager.get(f"/bookings/{anna['id']}/history"), 404, "not-found")


def _id(booking: JsonObject) -> uuid.UUID:
    return uuid.UUID(booking["id"])
