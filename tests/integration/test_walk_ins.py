"""Those who come without a booking: the queue, from joining to leaving."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from booking_service.app import Parts
from booking_service.services import walk_ins
from booking_service.services.walk_in_changes import expire_walk_in
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, made, refused
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

        body = {"service_id": cut["id"]}
        refused(shop.client().post("/walk-ins", **body), 409, "queue-closed")
        refused(shop.client().get("/walk-ins/estimate", **body), 409, "queue-closed")
        made(shop.manager.get("/walk-ins/estimate", **body))

        assert join(shop, cut)["position"] == 1

    def test_a_queue_has_an_end(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(walk_ins, "MOST_WAITING", 2)
        first, _ = join(shop, cut), join(shop, cut)

        answer = shop.manager.post("/walk-ins", service_id=cut["id"])

        refused(answer, 409, "queue-closed")
        become(shop, first, "left")
        join(shop, cut)

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
        later(clock, -1)
        assert ring(4)["version"] == before["version"]
        later(clock, 1)

        assert ring(4)["version"] == before["version"] + 1
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
        refused(bert.put(path(for_anna), status="done"), 403, "role-may-not")
        made(shop.manager.put(path(for_anna), status="done"))

    def test_a_token_that_belongs_to_no_provider_sees_no_queue(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        walk_in, nobody = join(shop, cut), shop.provider("nobody")

        for answer in (
            nobody.get("/walk-ins"),
            nobody.get(path(walk_in)),
            nobody.put(path(walk_in), status="called"),
            nobody.post("/walk-ins", service_id=cut["id"]),
        ):
            refused(answer, 403, "not-linked")


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
