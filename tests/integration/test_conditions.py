"""Tags of answers: 304 for readers who have them, 412 for changes that come late."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from booking_service.app import Parts
from tests.clocks import SettableClock
from tests.integration.driver import Caller, JsonObject, Shop, made, refused
from tests.integration.test_lists import counted
from tests.integration.test_races import at_once

Change = Callable[[Caller, str, dict[str, str]], httpx.Response]


def change(caller: Caller, path: str, headers: dict[str, str]) -> httpx.Response:
    """A change that fits the resource at ``path``."""
    kind = path.strip("/").split("/")
    if kind[-1] == "working-hours" or "date-overrides" in kind:
        number = random.randrange(10_000)
        ends = f"{10 + number % 14}:{number % 59:02}"
        pause = {"starts": "09:30", "ends": "09:45"}
        hours = [{"starts": "09:00", "ends": ends, "breaks": [pause]}]
        if kind[-1] == "working-hours":
            hours[0]["weekday"] = "monday"
        body: JsonObject = {"hours": hours}
    elif kind[0] == "bookings":
        body = {"notes": random.randbytes(8).hex()}
    elif kind[0] == "platform":
        body = {"status": random.choice(["active", "suspended"])}
    elif "time-off" in kind or kind[0] == "closures":
        body = {"reason": random.randbytes(8).hex()}
    else:
        body = {"name": random.randbytes(8).hex()}
    return caller("PUT", path, json=body, headers=headers)


@pytest.fixture
def resources(shop: Shop, platform: Caller) -> dict[str, tuple[Caller, str]]:
    manager = shop.manager
    cut = shop.add_service()
    anna = shop.add_provider(cut)
    provider = f"/providers/{anna['id']}"
    days = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
    override = f"{provider}/date-overrides/2030-02-01"
    made(manager.put(override, hours=[]))
    absence = made(manager.post(f"{provider}/time-off", **days))
    closure = made(manager.post("/closures", **days))
    client = made(manager.post("/clients", name="Dana"))
    booking = made(shop.book(cut, "10:00", anna))
    return {
        "shop": (manager, "/shop"),
        "provider": (manager, provider),
        "service": (manager, f"/services/{cut['id']}"),
        "working hours": (manager, f"{provider}/working-hours"),
        "date override": (manager, override),
        "time off": (manager, f"{provider}/time-off/{absence['id']}"),
        "closure": (manager, f"/closures/{closure['id']}"),
        "client": (manager, f"/clients/{client['id']}"),
        "own client": (shop.client(), "/clients/me"),
        "booking": (manager, f"/bookings/{booking['id']}"),
        "platform shop": (platform, f"/platform/shops/{shop.slug}"),
    }


KINDS = [
    "shop",
    "provider",
    "service",
    "working hours",
    "date override",
    "time off",
    "closure",
    "client",
    "own client",
    "booking",
]
DELETED = ["provider", "service", "date override", "time off", "closure"]
Resources = dict[str, tuple[Caller, str]]


class TestReading:
    @pytest.mark.parametrize("kind", [*KINDS, "platform shop"])
    def test_an_answer_that_is_kept_is_not_sent_again(
        self, resources: Resources, kind: str
    ) -> None:
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]

        same = caller("GET", path, headers={"If-None-Match": tag})
        among = caller("GET", path, headers={"If-None-Match": f'"x", W/{tag}'})

        for answer in (same, among):
            assert answer.status_code == 304
            assert answer.headers["etag"] == tag
            assert answer.content == b""
        assert not tag.startswith("W/")

    def test_a_star_is_any_answer(self, resources: Resources) -> None:
        caller, path = resources["service"]
        tag = caller.get(path).headers["etag"]

        answer = caller("GET", path, headers={"If-None-Match": "*"})

        assert (answer.status_code, answer.headers["etag"]) == (304, tag)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_change_is_sent(self, resources: Resources, kind: str) -> None:
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]
        changed = change(caller, path, {})
        assert changed.status_code == 200

        answer = caller("GET", path, headers={"If-None-Match": tag})

        assert answer.status_code == 200
        assert answer.headers["etag"] == changed.headers["etag"] != tag

    @pytest.mark.parametrize(
        "path", ["/providers", "/services", "/clients", "/closures", "/bookings"]
    )
    def test_lists_have_tags_too(self, shop: Shop, path: str) -> None:
        tag = shop.manager.get(path).headers["etag"]

        same = shop.manager("GET", path, headers={"If-None-Match": tag})
        shop.book(cut := shop.add_service(), "10:00", shop.add_provider(cut))
        shop.manager.post("/closures", starts_on="2031-01-01", ends_on="2031-01-01")
        other = shop.manager("GET", path, headers={"If-None-Match": tag})

        assert (same.status_code, other.status_code) == (304, 200)

    def test_roles_that_see_less_get_another_tag(
        self, shop: Shop, resources: Resources
    ) -> None:
        _, path = resources["provider"]

        tags = {each.get(path).headers["etag"] for each in (shop.manager, shop.client())}

        assert len(tags) == 2

    def test_compressed_answers_have_tags_of_their_own(self, shop: Shop) -> None:
        for number in range(20):
            made(
                shop.manager.post(
                    "/closures",
                    starts_on="2031-01-01",
                    ends_on="2031-01-02",
                    reason=f"{number}",
                )
            )
        plain, packed = (
            shop.manager("GET", "/closures", headers={"Accept-Encoding": coding})
            for coding in ("identity", "gzip")
        )

        again = shop.manager(
            "GET",
            "/closures",
            headers={"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"},
        )

        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json() == plain.json()
        assert packed.headers["etag"] != plain.headers["etag"]
        assert again.status_code == 304
        assert again.headers["etag"] == packed.headers["etag"]


class TestChanging:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_change_of_another_state_is_refused(
        self, resources: Resources, kind: str
    ) -> None:
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]
        made(change(caller, path, {}))
        now = made(caller.get(path))

        answer = change(caller, path, {"If-Match": tag})

        refused(answer, 412, "precondition-failed")
        assert made(caller.get(path)) == now

    @pytest.mark.parametrize("kind", [*KINDS, "platform shop"])
    def test_a_change_of_the_state_that_was_read_is_made(
        self, resources: Resources, kind: str
    ) -> None:
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]

        assert change(caller, path, {"If-Match": f'"other", {tag}'}).status_code == 200
        assert change(caller, path, {"If-Match": "*"}).status_code == 200

    @pytest.mark.parametrize("kind", [*DELETED, "booking", "platform shop"])
    def test_nothing_is_deleted_in_another_state(
        self, resources: Resources, kind: str, shop: Shop
    ) -> None:
        if kind in ("provider", "service"):
            booking = resources["booking"][1]
            made(shop.manager.delete(booking))
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]

        refused(
            caller("DELETE", path, headers={"If-Match": '"x"'}), 412, "precondition-failed"
        )
        assert caller.get(path).headers["etag"] == tag
        assert caller("DELETE", path, headers={"If-Match": tag}).status_code in (200, 204)

    def test_what_is_unwanted_is_compared_weakly(self, resources: Resources) -> None:
        caller, path = resources["service"]
        tag = caller.get(path).headers["etag"]

        answer = change(caller, path, {"If-None-Match": f"W/{tag}"})

        refused(answer, 412, "precondition-failed")

    def test_weak_tags_name_no_state(self, resources: Resources) -> None:
        caller, path = resources["service"]
        tag = caller.get(path).headers["etag"]

        answer = change(caller, path, {"If-Match": f"W/{tag}"})

        refused(answer, 412, "precondition-failed")

    def test_tags_of_compressed_answers_count(self, resources: Resources) -> None:
        caller, path = resources["service"]
        tag = caller.get(path).headers["etag"]

        answer = change(caller, path, {"If-Match": f'{tag[:-1]}-gzip"'})

        assert answer.status_code == 200

    def test_an_override_can_be_entered_only_if_there_is_none(
        self, resources: Resources
    ) -> None:
        caller, path = resources["date override"]
        absent = path.replace("2030-02-01", "2030-02-02")

        refused(change(caller, path, {"If-None-Match": "*"}), 412, "precondition-failed")
        refused(change(caller, absent, {"If-Match": "*"}), 412, "precondition-failed")
        assert change(caller, absent, {"If-None-Match": "*"}).status_code == 200

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_many_changes_of_one_state_one_is_made(
        self, resources: Resources, kind: str
    ) -> None:
        caller, path = resources[kind]
        tag = caller.get(path).headers["etag"]

        def race() -> int:
            return change(caller, path, {"If-Match": tag}).status_code

        statuses = at_once(*[race] * 32)

        assert statuses == {200: 1, 412: 31}


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

    def test_whatever_happens_the_tag_changes_with_the_answer(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        """A walk through changes of every kind, the clock's among them."""
        walk = _Walk(shop, cut, anna, clock, random.Random(3))
        queries = [
            window(cut, "2030-01-07T00:00:00Z", "2030-01-14T00:00:00Z"),
            window(
                cut, "2030-01-07T00:00:00Z", "2030-01-09T00:00:00Z", provider_id=anna["id"]
            ),
            window(cut, "2030-01-12T00:00:00Z", "2030-02-20T00:00:00Z", limit=3),
        ]
        known: dict[int, httpx.Response] = {}
        seen = {200: 0, 304: 0}
        for _ in range(150):
            walk.step()
            for number, query in enumerate(queries):
                fresh = self.ask(shop, query)
                if fresh.status_code != 200:  # the service is gone for a while
                    continue
                before = known.get(number)
                if before is not None:
                    conditional = self.ask(shop, query, before.headers["etag"])
                    seen[conditional.status_code] += 1
                    if conditional.status_code == 304:
                        assert fresh.content == before.content, walk.done[-1]
                    if fresh.content != before.content:
                        assert fresh.headers["etag"] != before.headers["etag"], walk.done[
                            -1
                        ]
                known[number] = fresh

        assert min(seen.values()) > 40, seen


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
        self.done: list[str] = []
        self.steps: list[Callable[[], Any]] = [
            self.book,
            self.book,
            self.move,
            self.cancel,
            self.pass_time,
            self.pass_time,
            self.pass_time,
            self.set_hours,
            self.override,
            self.take_off,
            self.close,
            self.settle,
            self.change_service,
            self.change_provider,
            self.add_client,
        ]

    def step(self) -> None:
        step = self.chance.choice(self.steps)
        self.done.append(step.__name__)
        step()

    def provider(self) -> JsonObject:
        return self.chance.choice(self.providers)

    def day(self) -> str:
        return f"2030-01-{self.chance.randrange(7, 15):02}"

    def start(self) -> str:
        half = self.chance.choice(["00", "30"])
        return f"{self.day()}T{self.chance.randrange(9, 17):02}:{half}:00Z"

    def book(self) -> None:
        self.shop.book(self.cut, self.start(), self.chance.choice([None, self.provider()]))

    def some_booking(self) -> str | None:
        items = made(self.shop.manager.get("/bookings", status="confirmed"))["items"]
        return f"/bookings/{self.chance.choice(items)['id']}" if items else None

    def move(self) -> None:
        if booking := self.some_booking():
            self.shop.manager.put(
                booking, starts_at=self.start(), provider_id=self.provider()["id"]
            )

    def cancel(self) -> None:
        if booking := self.some_booking():
            self.shop.manager.delete(booking)

    def pass_time(self) -> None:
        self.clock.now += dt.timedelta(seconds=self.chance.choice([1, 60, 1800, 20_000]))

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
        if self.chance.random() < 0.5:
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
            active=self.chance.random() < 0.8,
            duration_minutes=self.chance.choice([30, 30, 60]),
            buffer_after_minutes=self.chance.choice([0, 15]),
            max_per_day=self.chance.choice([None, None, 2]),
        )

    def change_provider(self) -> None:
        self.shop.manager.put(
            f"/providers/{self.provider()['id']}",
            active=self.chance.random() < 0.7,
            service_ids=[self.cut["id"]] if self.chance.random() < 0.8 else [],
        )

    def add_client(self) -> None:
        made(self.shop.manager.post("/clients", name="Dana"))
