"""Those who come without a booking: the queue, from joining to leaving."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from booking_service.app import Parts
from booking_service.services.walk_in_changes import expire_walk_in
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused
from tests.integration.test_lists import counted

TEN = "2030-01-08T10:00:00Z"


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service(30)


@pytest.fixture
def anna(shop: Shop, cut: JsonObject, clock: SettableClock) -> JsonObject:
    clock.set(TEN)
    return shop.add_provider(cut, subject="anna")


def join(shop: Shop, service: JsonObject, **members: Any) -> JsonObject:
    return made(shop.manager.post("/walk-ins", service_id=service["id"], **members))


def path(walk_in: JsonObject) -> str:
    return f"/walk-ins/{walk_in['id']}"


def become(shop: Shop, walk_in: JsonObject, status: str, **members: Any) -> JsonObject:
    return made(shop.manager.put(path(walk_in), status=status, **members))


def later(clock: SettableClock, minutes: float) -> None:
    clock.now += dt.timedelta(minutes=minutes)


class TestJoining:
    def test_stands_at_the_end_of_the_queue(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        first, second, third = (join(shop, cut, name=name) for name in "ABC")

        assert [each["position"] for each in (first, second, third)] == [1, 2, 3]
        assert [each["parties_ahead"] for each in (first, second, third)] == [0, 1, 2]
        assert [each["status"] for each in (first, second, third)] == ["waiting"] * 3
        assert first["estimated_start_at"] == TEN
        assert first["estimated_wait_minutes"] == {"p50": 0, "p90": 0}
        assert 25 <= second["estimated_wait_minutes"]["p50"] <= 35
        assert second["estimated_wait_minutes"]["p90"] > 35
        assert third["estimated_wait_minutes"]["p50"] > 50
        assert first["estimate_basis"] == "defaults"
        assert first["name"] == "A"
        assert first["expires_at"] == "2030-01-09T10:00:00Z"

    def test_a_client_joins_for_itself_and_once(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        dana = shop.client("dana")
        me = made(dana.get("/clients/me"))["id"]
        other = made(shop.manager.post("/clients", name="Other"))["id"]
        body = {"service_id": cut["id"]}

        mine = made(dana.post("/walk-ins", **body))

        assert mine["client_id"] == me
        refused(dana.post("/walk-ins", **body), 409, "already-waiting")
        refused(
            shop.client("eve").post("/walk-ins", **body, client_id=other),
            403,
            "role-may-not",
        )
        become(shop, mine, "left")
        made(dana.post("/walk-ins", **body))

    def test_one_whose_time_is_over_may_join_again(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        dana = shop.client("dana")
        mine = made(dana.post("/walk-ins", service_id=cut["id"]))
        become(shop, mine, "called")
        later(clock, 10)

        again = made(dana.post("/walk-ins", service_id=cut["id"]))

        assert again["id"] != mine["id"]
        assert again["position"] == 1
        gone = made(dana.get(path(mine)))
        assert (gone["status"], gone["expired"]) == ("left", True)

    def test_a_closed_queue_takes_no_clients(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put("/shop", accepts_walk_ins=False))

        refused(shop.client().post("/walk-ins", service_id=cut["id"]), 409, "queue-closed")

        assert join(shop, cut)["position"] == 1

    def test_where_nobody_serves_within_a_day_staff_only_may_let_one_wait(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        shop.set_hours(anna, [])

        refused(shop.client().post("/walk-ins", service_id=cut["id"]), 409, "queue-closed")
        waits = join(shop, cut)

        assert waits["estimated_start_at"] is None
        assert waits["estimated_wait_minutes"] is None
        assert made(shop.manager.get("/walk-ins"))["items"] == [waits]

    def test_what_is_not_offered_has_no_queue(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        other = shop.add_provider(name="Bert")
        post, unknown = shop.manager.post, str(uuid.uuid4())

        for body in (
            {"service_id": shop.add_service()["id"]},
            {"service_id": shop.add_service(active=False)["id"]},
            {"service_id": cut["id"], "provider_id": other["id"]},
        ):
            refused(post("/walk-ins", **body), 409, "queue-closed")
            refused(shop.manager.get("/walk-ins/estimate", **body), 409, "queue-closed")
        for body in (
            {"service_id": unknown},
            {"service_id": cut["id"], "provider_id": unknown},
            {"service_id": cut["id"], "client_id": unknown},
        ):
            refused(post("/walk-ins", **body), 404, "not-found")
        assert made(shop.manager.get("/walk-ins"))["items"] == []

    def test_a_provider_names_clients_of_its_own_only(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        stranger = made(shop.manager.post("/clients", name="Stranger"))["id"]
        known = made(shop.book(cut, "11:00", anna))["client_id"]
        provider = shop.provider("anna")

        refused(
            provider.post("/walk-ins", service_id=cut["id"], client_id=stranger),
            404,
            "not-found",
        )
        made(provider.post("/walk-ins", service_id=cut["id"], client_id=known))

    def test_a_request_that_comes_twice_joins_once(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        key = {"Idempotency-Key": "one"}
        body = {"service_id": cut["id"]}

        answers = [
            shop.manager("POST", "/walk-ins", json=body, headers=key) for _ in range(2)
        ]

        assert answers[0].json() == answers[1].json()
        assert len(made(shop.manager.get("/walk-ins"))["items"]) == 1


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


class TestExpiry:
    def test_one_who_does_not_come_when_called_has_left(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put("/shop", walk_in_call_minutes=3))
        first, second = join(shop, cut), join(shop, cut)
        become(shop, first, "called")
        later(clock, 3)

        gone = made(shop.manager.get(path(first)))

        assert (gone["status"], gone["expired"]) == ("left", True)
        assert made(shop.manager.get(path(second)))["position"] == 1
        lists = {
            status: [
                each["id"]
                for each in made(shop.manager.get("/walk-ins", status=status))["items"]
            ]
            for status in ("called", "left", "waiting")
        }
        assert lists == {"called": [], "left": [first["id"]], "waiting": [second["id"]]}
        answer = shop.manager.put(path(first), status="in_service")
        refused(answer, 409, "invalid-transition")

    def test_the_timer_writes_it_down_unless_something_happened(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        clock: SettableClock,
        parts: Parts,
    ) -> None:
        walk_in = join(shop, cut)
        become(shop, walk_in, "called")
        become(shop, walk_in, "waiting")
        become(shop, walk_in, "called")
        later(clock, 10)
        record = bound(parts.shops.get(shop.slug))

        def ring(schedule_version: int) -> JsonObject:
            with parts.database.shop_transaction(record) as session:
                expire_walk_in(
                    session,
                    subject=uuid.UUID(walk_in["id"]),
                    schedule_version=schedule_version,
                    now=parts.clock(),
                )
            return made(shop.manager.get(path(walk_in)))

        before = ring(2)
        assert before["version"] == ring(4)["version"] - 1
        assert ring(4)["version"] == before["version"] + 1

    def test_nobody_waits_for_more_than_a_day(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        walk_in = join(shop, cut)
        later(clock, 24 * 60)

        assert made(shop.manager.get(path(walk_in)))["status"] == "left"


class TestWhoMay:
    def test_a_client_sees_and_leaves_its_own(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        dana, eve = shop.client("dana"), shop.client("eve")
        mine = made(dana.post("/walk-ins", service_id=cut["id"]))
        other = made(eve.post("/walk-ins", service_id=cut["id"]))

        assert [each["id"] for each in made(dana.get("/walk-ins"))["items"]] == [mine["id"]]
        refused(dana.get(path(other)), 404, "not-found")
        refused(dana.put(path(other), status="left"), 404, "not-found")
        for change in ({"status": "called"}, {"name": "D"}, {"status": "done"}):
            refused(dana.put(path(mine), **change), 403, "role-may-not")
        assert made(dana.put(path(mine), status="left"))["expired"] is False
        refused(dana.get("/walk-ins/accuracy"), 403, "role-may-not")

    def test_a_provider_starts_in_its_own_calendar(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        shop.add_provider(cut, name="Bert", subject="bert")
        for_anna, for_any = join(shop, cut, provider_id=anna["id"]), join(shop, cut)
        bert = shop.provider("bert")

        refused(bert.put(path(for_anna), status="in_service"), 403, "role-may-not")
        made(bert.put(path(for_any), status="in_service"))
        made(shop.provider("anna").put(path(for_anna), status="in_service"))
        refused(
            shop.provider("nobody").put(path(join(shop, cut)), status="in_service"),
            403,
            "not-linked",
        )


class TestList:
    def test_is_filtered_and_comes_page_by_page(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        ids = []
        for _ in range(5):
            later(clock, 1)
            ids.append(join(shop, cut)["id"])
        wash = shop.add_service()
        shop.add_provider(wash)
        join(shop, wash)
        query = {"service_id": cut["id"], "limit": 3}

        first = made(shop.manager.get("/walk-ins", **query))
        rest = made(shop.manager.get("/walk-ins", **query, cursor=first["next_cursor"]))

        assert [each["id"] for each in (*first["items"], *rest["items"])] == ids
        assert made(shop.manager.get("/walk-ins", provider_id=anna["id"]))["items"] == []

    def test_costs_the_same_whatever_its_length(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, parts: Parts
    ) -> None:
        counts = []
        for more in (1, 5):
            for _ in range(more):
                join(shop, cut)
            with counted(parts) as seen:
                made(shop.manager.get("/walk-ins"))
            counts.append(len(seen))

        # The pin, the page, the counter of rules, the queue, records, appointments.
        assert counts == [6, 6]
