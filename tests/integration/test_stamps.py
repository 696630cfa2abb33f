"""When booked visits really began and ended, as staff say."""

from __future__ import annotations

from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused
from tests.integration.test_walk_ins import anna, cut, join

__all__ = ["anna", "cut"]


class TestStamps:
    def test_are_said_by_staff(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:30", anna, by=shop.client("dana")))
        where = f"/bookings/{booking['id']}"
        assert booking["started_at"] is booking["finished_at"] is None
        clock.set(instant("10:35"))
        made(shop.provider("anna").put(where, started_at=instant("10:33")))
        clock.set(instant("10:50"))

        done = made(shop.provider("anna").put(where, status="completed"))

        assert done["started_at"] == instant("10:33")
        assert done["finished_at"] == instant("10:50")
        changes = made(shop.manager.get(f"{where}/history"))["items"]
        assert changes[1]["after"] == {"started_at": instant("10:33")}
        assert changes[2]["after"] == {
            "status": "completed",
            "finished_at": instant("10:50"),
        }
        assert made(shop.manager.put(where, finished_at=None))["finished_at"] is None

    def test_that_cannot_be_are_refused_and_nothing_is_written(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put("/shop", auto_confirm=False))
        waits = made(shop.book(cut, "12:00", anna, by=shop.client("dana")))
        booking = made(shop.book(cut, "10:30", anna, by=shop.client("dana")))
        where = f"/bookings/{booking['id']}"
        made(shop.manager.put(where, status="confirmed"))
        clock.set(instant("11:00"))
        before = made(shop.manager.get(where))

        for body, pointer in (
            ({"started_at": instant("11:01")}, "/started_at"),
            ({"started_at": "2030-01-07T10:29:59Z"}, "/started_at"),
            ({"started_at": "0001-01-01T00:00:00Z"}, "/started_at"),
            ({"finished_at": instant("10:59")}, "/finished_at"),
            (
                {"started_at": instant("10:30"), "finished_at": instant("10:30")},
                "/finished_at",
            ),
        ):
            problem = refused(shop.manager.put(where, **body), 400, "invalid-input")
            assert [each["pointer"] for each in problem["errors"]] == [pointer]
        stamp = {"started_at": instant("10:30")}
        refused(shop.client("dana").put(where, **stamp), 403, "role-may-not")
        refused(
            shop.manager.put(f"/bookings/{waits['id']}", **stamp), 409, "invalid-transition"
        )
        assert made(shop.manager.get(where)) == before

    def test_of_a_visit_that_lasts_let_walk_ins_wait(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        clock.set(instant("10:05"))
        made(shop.manager.put(f"/bookings/{booking['id']}", started_at=instant("10:05")))
        clock.set(instant("10:31"))

        waits = join(shop, cut)["estimated_wait_minutes"]["p50"]

        assert 3 <= waits <= 10
        clock.set(instant("10:40"))
        made(shop.manager.put(f"/bookings/{booking['id']}", status="completed"))
        assert join(shop, cut)["position"] == 2

    def test_are_gone_when_the_booking_moves(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        where = f"/bookings/{booking['id']}"
        clock.set(instant("10:20"))
        stamps = {"started_at": instant("10:01"), "finished_at": instant("10:19")}
        made(shop.manager.put(where, **stamps))

        moved = made(shop.manager.put(where, starts_at=instant("12:00")))

        assert moved["started_at"] is moved["finished_at"] is None
