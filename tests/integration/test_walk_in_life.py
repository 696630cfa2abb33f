"""Being called, served and done: who serves, and what it takes."""

from __future__ import annotations

import pytest

from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused
from tests.integration.test_walk_ins import TEN, anna, become, cut, join, later, path

__all__ = ["anna", "cut"]


class TestLife:
    def test_is_called_served_and_done(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        walk_in = join(shop, cut)

        called = become(shop, walk_in, "called")
        later(clock, 2)
        started = become(shop, walk_in, "in_service")
        later(clock, 20)
        done = become(shop, walk_in, "done")

        assert (called["called_at"], called["expires_at"]) == (TEN, instant("10:10"))
        assert called["position"] == 1
        assert started["started_at"] == instant("10:02")
        assert started["provider_id"] == anna["id"]
        assert started["position"] is started["estimated_wait_minutes"] is None
        assert started["expires_at"] is None
        assert done["finished_at"] == instant("10:22")
        assert done["status"] == "done"

    def test_takes_its_provider_from_now_for_the_duration(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        walk_in = join(shop, cut)
        assert "10:30" in shop.free(cut)
        later(clock, 1)

        become(shop, walk_in, "in_service")

        assert shop.free(cut)[0] == "11:00"
        refused(shop.book(cut, "10:30", anna), 409, "slot-taken")

        later(clock, 9)
        become(shop, walk_in, "done")

        assert shop.free(cut)[0] == "10:30"

    def test_never_delays_a_booking(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.book(cut, "10:30", anna))
        walk_in = join(shop, cut)
        later(clock, 1)

        problem = refused(
            shop.manager.put(path(walk_in), status="in_service"), 409, "slot-taken"
        )

        assert problem["reasons"] == ["booking"]
        assert made(shop.manager.get(path(walk_in)))["status"] == "waiting"
        assert made(shop.manager.get(path(walk_in)))["estimated_start_at"] == instant(
            "11:00"
        )

    def test_a_hold_that_has_expired_makes_way(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        body = {"service_id": cut["id"], "starts_at": instant("10:30")}
        made(shop.manager.post("/holds", **body))
        walk_in = join(shop, cut)
        later(clock, 1)
        refused(shop.manager.put(path(walk_in), status="in_service"), 409, "slot-taken")
        later(clock, 4)

        become(shop, walk_in, "in_service")

    def test_takes_the_buffer_behind_it_and_none_before(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(instant("09:00"))
        wash = shop.add_service(
            30, buffer_before_minutes=20, buffer_after_minutes=15, slot_interval_minutes=5
        )
        anna = shop.add_provider(wash)
        made(shop.book(wash, "09:20", anna))  # and with it until 10:05
        made(shop.book(wash, "11:10", anna))  # and with it from 10:50
        walk_in = join(shop, wash)
        clock.set(instant("10:06"))
        refused(shop.manager.put(path(walk_in), status="in_service"), 409, "slot-taken")
        clock.set(instant("10:05"))

        become(shop, walk_in, "in_service")

    def test_a_group_service_is_served_alone(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(TEN)
        yoga = shop.add_service(60, capacity=5)
        anna = shop.add_provider(yoga)
        first, second = join(shop, yoga), join(shop, yoga)

        become(shop, first, "in_service", provider_id=anna["id"])

        answer = shop.manager.put(path(second), status="in_service", provider_id=anna["id"])
        refused(answer, 409, "slot-taken")
        assert shop.free(yoga)[0] == "11:00"

    def test_what_is_for_bookings_does_not_count(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        clock.set(instant("10:07"))
        settings = {
            "min_notice_minutes": 600,
            "booking_horizon_days": 0,
            "max_bookings_per_day": 1,
            "max_open_bookings_per_client": 1,
        }
        made(shop.book(cut, "16:00", anna))
        walk_in = made(shop.client().post("/walk-ins", service_id=cut["id"]))
        made(shop.manager.put("/shop", **settings))
        made(shop.manager.put(f"/services/{cut['id']}", active=False, max_per_day=1))

        become(shop, walk_in, "in_service")

    def test_takes_a_free_resource_and_counts_it(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(TEN)
        wash = shop.add_service(30, resource_kinds=["chair"])
        for name in ("Anna", "Bert"):
            shop.add_provider(wash, name=name)
        chair = made(shop.manager.post("/resources", name="A", kind="chair"))
        first, second = join(shop, wash), join(shop, wash)

        started = become(shop, first, "in_service")
        problem = refused(
            shop.manager.put(path(second), status="in_service"), 409, "slot-taken"
        )

        assert started["resource_ids"] == [chair["id"]]
        assert problem["reasons"] == ["resource"]
        waits = made(shop.manager.get(path(second)))["estimated_wait_minutes"]
        assert waits["p50"] >= 25

    def test_ends_in_the_instant_of_its_beginning(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        walk_in = join(shop, cut)
        become(shop, walk_in, "in_service")

        become(shop, walk_in, "done")

        assert shop.free(cut)[0] == "10:00"

    def test_the_next_begins_in_the_second_in_which_the_last_ended(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        first, second = join(shop, cut), join(shop, cut)
        become(shop, first, "in_service")
        clock.set("2030-01-08T10:20:00.400Z")
        become(shop, first, "done")
        clock.set("2030-01-08T10:20:00.700Z")

        become(shop, second, "in_service")

    def test_goes_to_who_is_on_duty_and_least_busy(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        shop.add_provider(cut, name="Off", starts="12:00")
        made(shop.book(cut, "14:00", anna))

        first, second, third = (join(shop, cut) for _ in range(3))

        assert become(shop, first, "in_service")["provider_id"] == bert["id"]
        assert become(shop, second, "in_service")["provider_id"] == anna["id"]
        answer = shop.manager.put(path(third), status="in_service")
        assert refused(answer, 409, "slot-taken")["reasons"] == ["booking"]

    def test_turns_go_round_among_those_who_are_idle(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        everyone = {anna["id"], *(shop.add_provider(cut)["id"] for _ in range(2))}
        served = []
        for _ in range(6):
            walk_in = join(shop, cut)
            served.append(become(shop, walk_in, "in_service")["provider_id"])
            later(clock, 5)
            become(shop, walk_in, "done")

        assert set(served[:3]) == set(served[3:]) == everyone

    def test_one_who_is_with_somebody_still_is_not_chosen(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        made(shop.book(cut, "14:00", bert))
        first, second, third = (join(shop, cut) for _ in range(3))
        assert become(shop, first, "in_service")["provider_id"] == anna["id"]
        later(clock, 31)

        assert become(shop, second, "in_service")["provider_id"] == bert["id"]
        answer = shop.manager.put(path(third), status="in_service")
        refused(answer, 409, "slot-taken")
        become(shop, third, "in_service", provider_id=anna["id"])

    def test_one_who_is_named_serves_whatever_the_hours_say(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T20:00:00Z")
        walk_in = join(shop, cut)
        answer = shop.manager.put(path(walk_in), status="in_service")
        assert refused(answer, 409, "slot-not-offered")["reasons"] == [
            "outside_working_hours"
        ]

        started = become(shop, walk_in, "in_service", provider_id=anna["id"])

        assert started["provider_id"] == anna["id"]

    def test_one_who_is_named_serves_while_the_shop_is_closed(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        today = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
        walk_in = join(shop, cut)
        made(shop.manager.post("/closures", **today))
        made(shop.manager.post(f"/providers/{anna['id']}/time-off", **today))
        answer = shop.manager.put(path(walk_in), status="in_service")
        assert refused(answer, 409, "slot-not-offered")["reasons"] == [
            "time_off",
            "closure",
        ]

        become(shop, walk_in, "in_service", provider_id=anna["id"])

    def test_who_does_not_offer_the_service_cannot_be_named(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        other = shop.add_provider(name="Bert")
        walk_in = join(shop, cut)

        for body in ({}, {"status": "in_service"}):
            answer = shop.manager.put(path(walk_in), provider_id=other["id"], **body)
            refused(answer, 409, "queue-closed")
        answer = shop.manager.put(path(walk_in), provider_id=walk_in["id"])
        refused(answer, 404, "not-found")

    def test_what_somebody_waits_for_or_is_served_by_is_not_deleted(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(TEN)
        chair = made(shop.manager.post("/resources", name="A", kind="chair"))
        wash = shop.add_service(30, resource_kinds=["chair"])
        anna = shop.add_provider(wash)
        walk_in = join(shop, wash, provider_id=anna["id"])
        waited_for = [f"/services/{wash['id']}", f"/providers/{anna['id']}"]
        for each in waited_for:
            refused(shop.manager.delete(each), 409, "has-future-bookings")
        become(shop, walk_in, "in_service")
        for each in (*waited_for, f"/resources/{chair['id']}"):
            refused(shop.manager.delete(each), 409, "has-future-bookings")
        become(shop, walk_in, "done")

        for each in (*waited_for, f"/resources/{chair['id']}"):
            assert shop.manager.delete(each).status_code == 204

    def test_who_serves_is_settled_once_it_is_served(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        walk_in = join(shop, cut, provider_id=anna["id"])
        changed = made(shop.manager.put(path(walk_in), provider_id=bert["id"]))
        assert changed["provider_id"] == bert["id"]
        assert (
            made(shop.manager.put(path(walk_in), provider_id=None))["provider_id"] is None
        )
        become(shop, walk_in, "in_service", provider_id=bert["id"])

        answer = shop.manager.put(path(walk_in), provider_id=anna["id"])

        refused(answer, 409, "invalid-transition")

    @pytest.mark.parametrize(
        ("way", "wanted"),
        [
            ([], "done"),
            (["called"], "done"),
            (["in_service"], "left"),
            (["in_service"], "waiting"),
            (["in_service", "done"], "waiting"),
            (["left"], "called"),
        ],
    )
    def test_no_step_is_left_out_or_taken_back(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, way: list[str], wanted: str
    ) -> None:
        walk_in = join(shop, cut)
        for status in way:
            become(shop, walk_in, status)

        answer = shop.manager.put(path(walk_in), status=wanted)

        refused(answer, 409, "invalid-transition")

    def test_a_call_can_be_taken_back(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        first, second = join(shop, cut), join(shop, cut)
        assert become(shop, second, "called")["position"] == 1
        assert made(shop.manager.get(path(first)))["position"] == 2

        again = become(shop, second, "waiting")

        assert (again["position"], again["called_at"]) == (2, None)
