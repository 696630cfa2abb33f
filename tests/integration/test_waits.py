"""What those who walk in are told of their wait, and what came."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused
from tests.integration.test_walk_ins import anna, become, cut, join, later, path

__all__ = ["anna", "cut"]


class TestEstimate:
    def ask(self, shop: Shop, service: JsonObject, **query: Any) -> JsonObject:
        return made(
            shop.client().get("/walk-ins/estimate", service_id=service["id"], **query)
        )

    def test_is_what_one_who_joins_is_told(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        for _ in range(3):
            told = self.ask(shop, cut)

            joined = join(shop, cut)

            assert told == {name: joined[name] for name in told}
        assert told["position"] == 3

    def test_leads_around_bookings_breaks_and_hours(
        self, shop: Shop, cut: JsonObject, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T11:15:00Z")
        anna = shop.add_provider(cut, breaks=[("12:30", "13:30")])
        made(shop.book(cut, "11:30", anna))
        made(shop.book(cut, "13:30", anna))

        joined = [join(shop, cut) for _ in range(3)]
        waits = [each["estimated_start_at"] for each in joined]

        assert waits[0] == instant("12:00")
        assert waits[1] == instant("14:00")
        assert instant("14:20") < waits[2] < instant("14:40")
        for each in joined:
            become(shop, each, "left")
        clock.set("2030-01-08T18:00:00Z")
        assert self.ask(shop, cut)["estimated_start_at"] == "2030-01-09T09:00:00Z"

    def test_names_the_instant_at_which_somebody_is_free(
        self, shop: Shop, cut: JsonObject, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T08:10:00.250Z")
        shop.add_provider(cut)

        found = self.ask(shop, cut)

        assert found["estimated_start_at"] == instant("09:00")
        assert found["estimated_wait_minutes"] == {"p50": 50, "p90": 50}

    def test_counts_those_ahead_whom_the_same_providers_may_serve(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        join(shop, cut, provider_id=anna["id"])
        join(shop, cut, provider_id=anna["id"])

        for_bert = self.ask(shop, cut, provider_id=bert["id"])
        for_anyone = self.ask(shop, cut)

        assert (for_bert["position"], for_bert["parties_ahead"]) == (3, 0)
        assert for_bert["estimated_wait_minutes"]["p50"] == 0
        assert for_anyone["parties_ahead"] == 2
        assert for_anyone["estimated_wait_minutes"]["p50"] == 0

    def test_knows_what_visits_take_once_there_are_enough(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        other = shop.add_service(40)
        made(
            shop.manager.put(
                f"/providers/{anna['id']}", service_ids=[cut["id"], other["id"]]
            )
        )
        basis = []
        for _ in range(20):
            basis.append(self.ask(shop, cut)["estimate_basis"])
            visit = join(shop, cut)
            become(shop, visit, "in_service")
            later(clock, 15)
            become(shop, visit, "done")

        join(shop, cut)
        told, of_shop = self.ask(shop, cut), self.ask(shop, other)

        assert set(basis) == {"defaults"}
        assert told["estimate_basis"] == "service"
        assert told["estimated_wait_minutes"] == {"p50": 15, "p90": 15}
        assert of_shop["estimate_basis"] == "shop"

    def test_of_one_who_waits_is_made_anew_and_the_first_and_latest_are_kept(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        first, second = join(shop, cut), join(shop, cut)
        told = second["estimated_wait_minutes"]["p50"]
        become(shop, first, "in_service")
        later(clock, 20)
        anew = made(shop.manager.get(path(second)))["estimated_wait_minutes"]["p50"]
        assert anew < told
        later(clock, 20)
        become(shop, first, "done")
        become(shop, second, "in_service")

        found = made(shop.manager.get("/walk-ins/accuracy"))

        assert (found["from"], found["to"]) == ("2029-12-09T10:40:00Z", instant("10:40"))
        assert found["served"] == 2
        # The first one waited for nothing, as it was told.
        assert found["first"]["median_error_minutes"] == pytest.approx(
            (40 - told) / 2, abs=1
        )
        assert found["latest"]["median_absolute_error_minutes"] == pytest.approx(
            (20 - anew) / 2, abs=1
        )
        assert found["first"]["within_p90"] in (0.5, 1)
        for window in (
            {"from": instant("10:00"), "to": instant("10:00")},
            {"from": instant("10:41")},
        ):
            answer = shop.manager.get("/walk-ins/accuracy", **window)
            refused(answer, 400, "invalid-input")
        for window in (
            {"from": instant("10:01")},
            {"from": instant("09:00"), "to": instant("10:00")},
        ):
            assert made(shop.manager.get("/walk-ins/accuracy", **window))["served"] == 0

    def test_that_could_not_be_made_count_among_those_served_only(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        shop.set_hours(anna, [])
        become(shop, join(shop, cut), "in_service", provider_id=anna["id"])

        found = made(shop.manager.get("/walk-ins/accuracy", to="2030-01-09T00:00:00Z"))

        assert found["served"] == 1
        assert found["first"]["median_error_minutes"] is None

    def test_leads_around_holds_and_waits_for_resources(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(instant("10:00"))
        wash = shop.add_service(30, resource_kinds=["chair"])
        anna, bert = shop.add_provider(wash), shop.add_provider(wash, name="Bert")
        made(shop.manager.post("/resources", name="A", kind="chair"))
        hold = {"service_id": wash["id"], "starts_at": instant("10:00")}
        made(shop.manager.post("/holds", **hold, provider_id=anna["id"]))

        found = self.ask(shop, wash, provider_id=bert["id"])

        assert found["estimated_start_at"] == instant("10:30")

    def test_of_one_who_begins_within_a_day_and_ends_later_is_told(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(instant("10:00"))
        long = shop.add_service(800)
        shop.add_provider(long, starts="00:00", ends="24:00")
        made(shop.client("a").post("/walk-ins", service_id=long["id"]))

        made(shop.client("b").post("/walk-ins", service_id=long["id"]))

    def test_is_not_made_of_visits_that_were_mistaken(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        for _ in range(20):
            visit = join(shop, cut)
            become(shop, visit, "in_service")
            later(clock, 1)
            become(shop, visit, "done")

        assert self.ask(shop, cut)["estimate_basis"] == "defaults"

    def test_of_what_was_finished_just_now_knows(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        clock.set("2030-01-08T10:10:00.700Z")
        made(shop.manager.put(f"/bookings/{booking['id']}", started_at=instant("10:00")))
        made(shop.manager.put(f"/bookings/{booking['id']}", status="completed"))

        assert self.ask(shop, cut)["estimated_wait_minutes"]["p50"] <= 1

    def test_is_not_shorter_than_what_is_kept_for_one_that_was_forgotten(
        self, shop: Shop, clock: SettableClock
    ) -> None:
        clock.set(instant("10:00"))
        wash = shop.add_service(10, buffer_after_minutes=60)
        shop.add_provider(wash)
        become(shop, join(shop, wash), "in_service")
        clock.set(instant("10:31"))

        waits = join(shop, wash)

        assert waits["estimated_start_at"] == instant("11:10")

    def test_of_which_nobody_was_served_has_no_accuracy(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        join(shop, cut)

        found = made(shop.manager.get("/walk-ins/accuracy"))

        nothing = {
            "median_error_minutes": None,
            "median_absolute_error_minutes": None,
            "within_p90": None,
        }
        assert (found["served"], found["first"], found["latest"]) == (0, nothing, nothing)

    def test_does_not_wait_for_visits_that_were_forgotten(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        become(shop, join(shop, cut), "in_service")
        later(clock, 45)
        assert self.ask(shop, cut)["estimated_wait_minutes"]["p50"] > 0
        later(clock, 46)

        assert self.ask(shop, cut)["estimated_wait_minutes"]["p50"] == 0


class TestTags:
    def test_a_change_holds_against_what_was_read_whatever_the_estimate_is_now(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        join(shop, cut)
        created = shop.manager.post("/walk-ins", service_id=cut["id"])
        second = created.json()
        later(clock, 7)
        read = shop.manager.get(path(second))
        assert read.headers["etag"] != created.headers["etag"]

        for answer, status in ((created, 200), (created, 412), (read, 412)):
            found = shop.manager(
                "PUT",
                path(second),
                json={"name": f"{status}"},
                headers={"If-Match": answer.headers["etag"]},
            )
            assert found.status_code == status
