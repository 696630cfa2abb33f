"""Tags of answers: 304 for readers who have them, 412 for changes that come late."""

from __future__ import annotations

import random
from collections.abc import Callable

import httpx
import pytest

from tests.integration.driver import Caller, JsonObject, Shop, made, refused
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
    wash = shop.add_service()
    shop.add_provider(wash)
    walk_in = made(manager.post("/walk-ins", service_id=wash["id"]))
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
        "walk-in": (manager, f"/walk-ins/{walk_in['id']}"),
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
    "walk-in",
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

    def test_only_the_asker_may_keep_an_answer(
        self, shop: Shop, resources: Resources
    ) -> None:
        caller, path = resources["service"]
        read = caller.get(path)
        tag = {"If-None-Match": read.headers["etag"]}

        def caching(answer: httpx.Response) -> str:
            return answer.headers["cache-control"]

        for answer in (
            read,
            caller("GET", path, headers=tag),
            caller.get("/bookings"),
            caller.get(
                "/availability",
                service_id=path.rpartition("/")[2],
                **{"from": "2030-01-08T00:00:00Z", "to": "2030-01-09T00:00:00Z"},
            ),
        ):
            assert caching(answer) == "private, no-cache"
        for answer in (
            change(caller, path, {}),
            caller.post("/clients", name="Dana"),
            caller.delete(resources["closure"][1]),
        ):
            assert caching(answer) == "no-store"

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

    def test_of_many_who_suspend_a_shop_in_one_state_one_does(
        self, resources: Resources
    ) -> None:
        caller, path = resources["platform shop"]
        tag = {"If-Match": caller.get(path).headers["etag"]}
        body = {"status": "suspended"}

        statuses = at_once(
            *[lambda: caller("PUT", path, json=body, headers=tag).status_code] * 32
        )

        assert statuses == {200: 1, 412: 31}

    def test_what_is_unwanted_is_compared_weakly(self, resources: Resources) -> None:
        caller, path = resources["service"]
        tag = caller.get(path).headers["etag"]

        answer = change(caller, path, {"If-None-Match": f"W/{tag}"})

        refused(answer, 412, "precondition-failed")

    def test_a_platform_shop_in_another_state_is_left_alone(
        self, resources: Resources
    ) -> None:
        caller, path = resources["platform shop"]

        for body in ({"status": "suspended"}, {}):
            answer = caller("PUT", path, json=body, headers={"If-Match": '"x"'})
            refused(answer, 412, "precondition-failed")

        assert made(caller.get(path))["status"] == "active"

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
