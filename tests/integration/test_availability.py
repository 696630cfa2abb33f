"""What is free, through HTTP."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import event

from booking_service.app import Parts
from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import WEEK, Shop, made, refused


class TestGetAvailability:
    def test_goes_around_breaks_and_bookings(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        shop.add_provider(cut, breaks=[("12:00", "12:30")])
        made(shop.book(cut, "14:00"))

        assert shop.free(cut) == ["09:00", "10:00", "11:00", "13:00", "15:00", "16:00"]

    def test_tells_zone_ends_and_who_could_serve(self, new_shop: MakeShop) -> None:
        shop = new_shop(timezone="Europe/Berlin")
        cut = shop.add_service(45)
        both = [shop.add_provider(cut, ends="09:45") for _ in range(2)]

        answer = shop.manager.get(
            "/availability",
            **{
                "service_id": cut["id"],
                "from": "2030-01-08T00:00:00+01:00",
                "to": "2030-01-09T00:00:00+01:00",
            },
        )

        assert made(answer) == {
            "timezone": "Europe/Berlin",
            "slots": [
                {
                    "starts_at": "2030-01-08T08:00:00Z",
                    "ends_at": "2030-01-08T08:45:00Z",
                    "provider_ids": sorted(provider["id"] for provider in both),
                    "seats_left": 2,
                }
            ],
            "next_from": None,
        }

    def test_is_cut_at_its_limit_and_goes_on_from_there(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        shop.add_provider(cut)
        query = {"service_id": cut["id"], "to": "2030-01-09T00:00:00Z", "limit": 3}

        first = made(
            shop.manager.get("/availability", **query, **{"from": "2030-01-08T00:00:00Z"})
        )
        second = made(
            shop.manager.get("/availability", **query, **{"from": first["next_from"]})
        )

        starts = [slot["starts_at"][11:13] for slot in first["slots"] + second["slots"]]
        assert starts == ["09", "10", "11", "12", "13", "14"]

    def test_keeps_notice_and_horizon(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(min_notice_minutes=90, booking_horizon_days=1)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        clock.set("2030-01-08T09:30:00.5Z")

        assert shop.free(cut, day="2030-01-08")[0] == "11:00"
        assert shop.free(cut, day="2030-01-09")
        assert shop.free(cut, day="2030-01-10") == []

    def test_a_services_own_notice_and_interval_come_first(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(min_notice_minutes=600, slot_interval_minutes=30)
        cut = shop.add_service(60, min_notice_minutes=0, slot_interval_minutes=20)
        shop.add_provider(cut, ends="10:40")
        clock.set("2030-01-08T09:00:00Z")

        assert shop.free(cut) == ["09:00", "09:20", "09:40"]

    def test_night_shifts_join_at_midnight(self, shop: Shop) -> None:
        cut = shop.add_service(90)
        night = shop.add_provider(cut)
        hours = [{"weekday": day, "starts": "23:00", "ends": "24:00"} for day in WEEK]
        hours += [{"weekday": day, "starts": "00:00", "ends": "00:30"} for day in WEEK]
        shop.set_hours(night, hours)

        assert shop.free(cut) == ["23:00"]

    def test_hours_follow_the_wall_clock_over_a_clock_change(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(timezone="Europe/Berlin")
        cut = shop.add_service(60)
        shop.add_provider(cut)
        clock.set("2030-03-29T00:00:00Z")

        assert shop.free(cut, day="2030-03-30")[0] == "08:00"
        assert shop.free(cut, day="2030-03-31")[0] == "07:00"

    def test_overrides_absences_and_closures_count(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        anna = shop.add_provider(cut)
        path = f"/providers/{anna['id']}"
        short = [{"starts": "10:00", "ends": "14:00"}]
        made(shop.manager.put(f"{path}/date-overrides/2030-01-08", hours=short))
        made(
            shop.manager.post(
                f"{path}/time-off",
                starts_at="2030-01-08T10:00:00Z",
                ends_at="2030-01-08T11:00:00Z",
            )
        )
        made(
            shop.manager.post(
                "/closures",
                starts_at="2030-01-08T13:00:00Z",
                ends_at="2030-01-08T13:30:00Z",
            )
        )

        assert shop.free(cut) == ["11:00", "12:00"]

    def test_a_local_date_is_closed_from_midnight_to_midnight(
        self, new_shop: MakeShop
    ) -> None:
        shop = new_shop(timezone="Pacific/Auckland")
        cut = shop.add_service(60)
        shop.add_provider(cut)
        made(shop.manager.post("/closures", starts_on="2030-01-09", ends_on="2030-01-10"))

        # 9 January in Auckland begins on the 8th at 11:00 UTC.
        assert shop.free(cut, day="2030-01-08") == ["00:00", "01:00", "02:00", "03:00"]
        assert shop.free(cut, day="2030-01-09") == []
        assert shop.free(cut, day="2030-01-10") == ["20:00", "21:00", "22:00", "23:00"]

    def test_buffers_keep_neighbours_apart(self, shop: Shop) -> None:
        cut = shop.add_service(
            30, buffer_before_minutes=15, buffer_after_minutes=15, slot_interval_minutes=15
        )
        shop.add_provider(cut, starts="09:00", ends="12:00")
        made(shop.book(cut, "10:00"))

        assert shop.free(cut) == ["09:00", "11:00", "11:15", "11:30"]
        assert refused(shop.book(cut, "10:45"), 409, "slot-taken")["reasons"] == ["buffer"]

    def test_a_daily_cap_closes_the_day_of_its_provider(self, shop: Shop) -> None:
        cut = shop.add_service(60, max_per_day=1)
        anna, bea = shop.add_provider(cut), shop.add_provider(cut, name="Bea")
        made(shop.book(cut, "10:00", anna))

        assert shop.free(cut, anna) == []
        assert shop.free(cut, bea)
        problem = refused(shop.book(cut, "12:00", anna), 409, "slot-not-offered")
        assert problem["reasons"] == ["daily_cap"]

    def test_a_group_start_has_seats(self, shop: Shop) -> None:
        yoga = shop.add_service(60, capacity=2)
        shop.add_provider(yoga, ends="11:00")

        left = []
        for _ in range(2):
            left.append([slot["seats_left"] for slot in shop.slots(yoga)])
            made(shop.book(yoga, "09:00"))

        assert left == [[2, 2], [1, 2]]
        assert shop.free(yoga) == ["10:00"]
        assert refused(shop.book(yoga, "09:00"), 409, "slot-taken")["reasons"] == [
            "capacity"
        ]

    def test_a_group_seat_can_be_moved_and_given_back(self, shop: Shop) -> None:
        yoga = shop.add_service(60, capacity=2)
        shop.add_provider(yoga, ends="11:00")
        first, second = (made(shop.book(yoga, "09:00")) for _ in range(2))

        moved = shop.manager.put(
            f"/bookings/{first['id']}", starts_at="2030-01-08T10:00:00Z"
        )
        made(moved)
        made(shop.manager.delete(f"/bookings/{second['id']}"))

        assert [slot["seats_left"] for slot in shop.slots(yoga)] == [2, 1]

    @pytest.mark.parametrize("name", ["service_id", "provider_id"])
    def test_the_unknown_is_not_found(self, shop: Shop, name: str) -> None:
        cut = shop.add_service(60)
        query = {"from": "2030-01-08T00:00:00Z", "to": "2030-01-09T00:00:00Z"}

        answer = shop.manager.get(
            "/availability", **{"service_id": cut["id"], **query, name: str(uuid.uuid4())}
        )

        refused(answer, 404, "not-found")

    def test_who_does_not_offer_it_or_is_inactive_adds_nothing(self, shop: Shop) -> None:
        cut, colour = shop.add_service(60), shop.add_service(60)
        anna, bea = shop.add_provider(cut), shop.add_provider(colour, name="Bea")
        assert shop.free(cut, bea) == []

        made(shop.manager.put(f"/providers/{anna['id']}", active=False))

        assert shop.free(cut) == []
        problem = refused(shop.book(cut, "10:00", anna), 409, "slot-not-offered")
        assert problem["reasons"] == ["not_offered"]

    @pytest.mark.parametrize("year", ["0001-01-01", "9999-12-30", "1970-01-01"])
    def test_answers_at_the_ends_of_the_calendar(self, shop: Shop, year: str) -> None:
        cut = shop.add_service(60)
        shop.add_provider(cut)

        assert shop.free(cut, day=year) == []


class TestStatements:
    def test_do_not_depend_on_how_much_is_asked(self, shop: Shop, parts: Parts) -> None:
        cut = shop.add_service(30)
        counts = []
        for providers, days in ((1, 1), (5, 28)):
            while len(made(shop.manager.get("/providers"))["items"]) < providers:
                shop.add_provider(cut)
            seen: list[str] = []

            def count(*execution: object, seen: list[str] = seen) -> None:
                seen.append(str(execution[2]))

            engine = parts.database.main.engine
            query = {
                "service_id": cut["id"],
                "from": "2030-01-08T00:00:00Z",
                "to": f"2030-02-{days:02}T00:00:00Z",
                "limit": 5000,
            }
            made(shop.manager.get("/availability", **query))  # the rules are known now
            event.listen(engine, "before_cursor_execute", count)
            made(shop.manager.get("/availability", **query))
            event.remove(engine, "before_cursor_execute", count)
            counts.append(len(seen))

        assert counts[0] == counts[1] == 3
