"""Availability's tag: true exactly as long as the answer is."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from booking_service.app import Parts
from booking_service.services.rulebook import RULEBOOK
from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, made
from tests.integration.test_lists import counted


def window(service: JsonObject, first: str, last: str, **more: Any) -> JsonObject:
    return {"service_id": service["id"], "from": first, "to": last, **more}


class TestAvailability:
    @pytest.fixture
    def cut(self, shop: Shop) -> JsonObject:
        return shop.add_service(30)

    @pytest.fixture
    def anna(self, shop: Shop, cut: JsonObject) -> JsonObject:
        return shop.add_provider(cut)

    def ask(self, shop: Shop, query: JsonObject, tag: str | None = None) -> httpx.Response:
        headers = {"If-None-Match": tag} if tag else {}
        return shop.manager("GET", "/availability", params=query, headers=headers)

    def test_is_not_computed_again_for_one_who_has_it(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        parts: Parts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        query = window(cut, "2030-01-08T00:00:00Z", "2030-01-09T00:00:00Z")
        tag = self.ask(shop, query).headers["etag"]

        def engine(*_: object, **__: object) -> None:
            raise AssertionError("the engine ran")

        monkeypatch.setattr("booking_service.services.availability.free_slots", engine)
        with counted(parts) as statements:
            answer = self.ask(shop, query, tag)

        assert answer.status_code == 304
        assert len(statements) == 2  # who asks, and the counters

    def test_is_not_taken_for_that_of_another_question(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        day = window(cut, "2030-01-08T00:00:00Z", "2030-01-09T00:00:00Z")
        tag = self.ask(shop, day).headers["etag"]

        for query in (
            window(cut, "2030-01-09T00:00:00Z", "2030-01-10T00:00:00Z"),
            {**day, "limit": 1},
            {**day, "provider_id": anna["id"]},
        ):
            assert self.ask(shop, query, tag).status_code == 200

    @pytest.mark.parametrize(
        "forged", ['"x.always"', '"{stamp}.soon"', '"{stamp}."', '"{stamp}"', '"{stamp}.1"']
    )
    def test_a_tag_that_was_not_given_out_is_no_match(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, forged: str
    ) -> None:
        query = window(cut, "2030-01-08T00:00:00Z", "2030-01-09T00:00:00Z")
        stamp = self.ask(shop, query).headers["etag"].strip('"').partition(".")[0]

        answer = self.ask(shop, query, forged.format(stamp=stamp))

        assert answer.status_code == 200

    def test_another_providers_booking_leaves_a_tag_alone(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        query = window(
            cut, "2030-01-08T00:00:00Z", "2030-01-09T00:00:00Z", provider_id=anna["id"]
        )
        tag = self.ask(shop, query).headers["etag"]

        made(shop.book(cut, "10:00", bert))

        assert self.ask(shop, query, tag).status_code == 304

    def test_a_start_leaves_when_its_notice_begins(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put("/shop", min_notice_minutes=60))
        query = window(cut, "2030-01-08T09:00:00Z", "2030-01-08T10:00:00Z")
        clock.set("2030-01-08T07:00:00Z")
        tag = self.ask(shop, query).headers["etag"]

        clock.set("2030-01-08T08:00:00Z")
        in_time = self.ask(shop, query, tag)
        clock.set("2030-01-08T08:00:01Z")
        late = self.ask(shop, query, tag)

        assert in_time.status_code == 304
        assert [slot["starts_at"] for slot in made(late)["slots"]] == [
            "2030-01-08T09:30:00Z"
        ]

    def test_the_horizon_moves_on_at_midnight(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.manager.put("/shop", booking_horizon_days=7, timezone="Europe/Berlin"))
        query = window(cut, "2030-01-15T00:00:00Z", "2030-01-16T00:00:00Z")
        empty = self.ask(shop, query)

        clock.set("2030-01-07T22:59:59Z")
        before = self.ask(shop, query, empty.headers["etag"])
        clock.set("2030-01-07T23:00:00Z")
        after = self.ask(shop, query, empty.headers["etag"])

        assert made(empty)["slots"] == []
        assert before.status_code == 304
        assert made(after)["slots"] != []

    @pytest.mark.parametrize("capacity", [1, 2])
    def test_whatever_happens_the_tag_changes_with_the_answer(
        self, shop: Shop, clock: SettableClock, capacity: int
    ) -> None:
        """A walk through changes of every kind, the clock's among them.

        The truth is what a process answers that remembers nothing.
        """
        cut = shop.add_service(30, capacity=capacity)
        anna = shop.add_provider(cut)
        walk = _Walk(shop, cut, anna, clock, random.Random(capacity))
        bert = walk.providers[1]
        first, last = "2030-01-07T00:00:00Z", "2030-01-14T00:00:00Z"
        queries = [
            window(cut, first, last),
            window(cut, first, last, provider_id=anna["id"]),
            window(cut, first, last, provider_id=bert["id"]),
            window(cut, "2030-01-12T00:00:00Z", "2030-02-20T00:00:00Z", limit=3),
        ]
        known: dict[int, httpx.Response] = {}
        told: Counter[str] = Counter()
        changed_by: Counter[str] = Counter()
        for _ in range(250):
            step = walk.step()
            for number, query in enumerate(queries):
                answer = self.ask(shop, query)
                before = known.get(number)
                if before is not None:
                    again = self.ask(shop, query, before.headers["etag"])
                    told[str(again.status_code)] += 1
                RULEBOOK.forget()
                truth = self.ask(shop, query)

                assert answer.content == truth.content, step
                if before is not None and truth.content == before.content:
                    assert again.content in (b"", truth.content)
                elif before is not None:
                    changed_by[step] += 1
                    assert again.status_code == 200, step
                    assert truth.headers["etag"] != before.headers["etag"], step
                known[number] = truth

        assert min(told["200"], told["304"]) > 100, told
        # Each kind of change has changed an answer, or the walk shows nothing of it;
        # an early end rarely frees a start that is still ahead (see test_counters).
        assert set(changed_by) >= walk.kinds - {"add_client", "finish"}, changed_by


class _Walk:
    """Changes a shop at random."""

    def __init__(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        clock: SettableClock,
        chance: random.Random,
    ) -> None:
        self.shop, self.cut, self.clock, self.chance = shop, cut, clock, chance
        self.providers = [anna, shop.add_provider(cut, name="Bert")]
        self.steps: list[Callable[[], Any]] = [
            *(self.book, self.book, self.book, self.move, self.move),
            *(self.cancel, self.finish, self.pass_time, self.pass_time),
            *(self.set_hours, self.override, self.take_off, self.close),
            *(self.settle, self.change_service, self.change_provider),
            self.add_client,
        ]
        self.kinds = {step.__name__ for step in self.steps}

    def step(self) -> str:
        """Do something; its name."""
        step = self.chance.choice(self.steps)
        step()
        return step.__name__

    def provider(self) -> JsonObject:
        return self.chance.choice(self.providers)

    def day(self) -> str:
        return f"2030-01-{self.chance.randrange(7, 12):02}"

    def offered(self) -> tuple[str, str] | None:
        """A start that can be booked, and with whom."""
        query = window(self.cut, "2030-01-07T00:00:00Z", "2030-01-14T00:00:00Z")
        slots = made(self.shop.manager.get("/availability", **query))["slots"]
        if not slots:
            return None
        # Soon, so that time reaches it.
        slot = self.chance.choice(slots[:20])
        return slot["starts_at"], self.chance.choice(slot["provider_ids"])

    def book(self) -> None:
        if found := self.offered():
            starts_at, provider_id = found
            made(self.shop.book(self.cut, starts_at, {"id": provider_id}))

    def some_booking(self, **query: str) -> str | None:
        found = made(self.shop.manager.get("/bookings", status="confirmed", **query))
        items = found["items"]
        return f"/bookings/{self.chance.choice(items)['id']}" if items else None

    def move(self) -> None:
        booking, found = self.some_booking(), self.offered()
        if booking and found:
            self.shop.manager.put(booking, starts_at=found[0], provider_id=found[1])

    def cancel(self) -> None:
        if booking := self.some_booking():
            self.shop.manager.delete(booking)

    def finish(self) -> None:
        """End an appointment early: what is left of its time is free again."""
        now = self.clock.now
        running = {
            "from": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": (now + dt.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if booking := self.some_booking(**running):
            self.shop.manager.put(booking, status="completed")

    def pass_time(self) -> None:
        self.clock.now += dt.timedelta(seconds=self.chance.choice([1, 60, 900, 3600]))

    def set_hours(self) -> None:
        hour = self.chance.randrange(12, 20)
        self.shop.set_hours(
            self.provider(),
            [
                {"weekday": day, "starts": "09:00", "ends": f"{hour}:00"}
                for day in ("monday", "tuesday", "wednesday", "thursday")
            ],
        )

    def override(self) -> None:
        path = f"/providers/{self.provider()['id']}/date-overrides/{self.day()}"
        if self.chance.random() < 0.3:
            self.shop.manager.delete(path)
        else:
            self.shop.manager.put(path, hours=[{"starts": "10:00", "ends": "12:00"}])

    def take_off(self) -> None:
        path = f"/providers/{self.provider()['id']}/time-off"
        self._replace_one(path, starts_on=(day := self.day()), ends_on=day)

    def close(self) -> None:
        self._replace_one("/closures", starts_on=(day := self.day()), ends_on=day)

    def _replace_one(self, path: str, **members: str) -> None:
        manager = self.shop.manager
        for item in made(manager.get(path))["items"]:
            manager.delete(f"{path}/{item['id']}")
        if self.chance.random() < 0.7:
            made(manager.post(path, **members))

    def settle(self) -> None:
        self.shop.manager.put(
            "/shop",
            min_notice_minutes=self.chance.choice([0, 0, 45, 600]),
            booking_horizon_days=self.chance.choice([3, 6, 30]),
            timezone=self.chance.choice(["UTC", "Europe/Berlin"]),
        )

    def change_service(self) -> None:
        self.shop.manager.put(
            f"/services/{self.cut['id']}",
            active=self.chance.random() < 0.95,
            duration_minutes=self.chance.choice([30, 30, 60]),
            buffer_after_minutes=self.chance.choice([0, 15]),
            max_per_day=self.chance.choice([None, None, 2]),
        )

    def change_provider(self) -> None:
        self.shop.manager.put(
            f"/providers/{self.provider()['id']}",
            active=self.chance.random() < 0.9,
            service_ids=[self.cut["id"]] if self.chance.random() < 0.9 else [],
        )

    def add_client(self) -> None:
        made(self.shop.manager.post("/clients", name="Dana"))
