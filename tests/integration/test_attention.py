"""Changing hours under bookings."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from booking_service.app import Parts
from booking_service.services.attention import flag_shifted
from tenants.registry import bound
from tests.integration.conftest import MakeShop
from tests.integration.driver import WEEK, JsonObject, Shop, instant, made, refused

DAY = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service()


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, subject="anna")


@pytest.fixture
def bookings(shop: Shop, cut: JsonObject, anna: JsonObject) -> list[str]:
    """At nine, at twelve and at four."""
    return [made(shop.book(cut, at, anna))["id"] for at in ("09:00", "12:00", "16:00")]


def week(starts: str, ends: str, *breaks: tuple[str, str]) -> list[JsonObject]:
    pauses = [{"starts": a, "ends": b} for a, b in breaks]
    return [
        {"weekday": day, "starts": starts, "ends": ends, "breaks": pauses} for day in WEEK
    ]


def flagged(shop: Shop) -> list[str]:
    found = made(shop.manager.get("/bookings", needs_attention="true"))["items"]
    assert all(each["needs_attention"] for each in found)
    return [each["id"] for each in found]


# A change, and which of the bookings fall outside because of it.
CHANGES: dict[str, tuple[str, str, JsonObject, list[int]]] = {
    "hours": ("PUT", "{anna}/working-hours", {"hours": week("09:00", "16:30")}, [2]),
    "break": (
        "PUT",
        "{anna}/working-hours",
        {"hours": week("09:00", "17:00", ("12:30", "13:00"))},
        [1],
    ),
    "plan": (
        "PUT",
        "{anna}/working-hours",
        {"hours": [], "effective_from": "2030-01-08"},
        [0, 1, 2],
    ),
    "later plan": (
        "PUT",
        "{anna}/working-hours",
        {"hours": [], "effective_from": "2030-01-09"},
        [],
    ),
    "override": (
        "PUT",
        "{anna}/date-overrides/2030-01-08",
        {"hours": [{"starts": "12:00", "ends": "18:00"}]},
        [0],
    ),
    "time off": ("POST", "{anna}/time-off", DAY, [0, 1, 2]),
    "closure": (
        "POST",
        "/closures",
        {"starts_at": instant("12:59"), "ends_at": instant("16:00")},
        [1],
    ),
}


class TestChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_can_be_tried_and_then_flag_what_falls_outside(
        self, shop: Shop, anna: JsonObject, bookings: list[str], change: str
    ) -> None:
        method, path, body, outside = CHANGES[change]
        path = path.format(anna=f"/providers/{anna['id']}")
        expected = [bookings[each] for each in outside]
        before = shop.slots({"id": made(shop.manager.get("/services"))["items"][0]["id"]})

        trial = shop.manager(method, path, json=body, params={"dry_run": "true"})

        assert trial.status_code == 200
        assert [each["id"] for each in trial.json()["bookings"]] == expected
        assert trial.json()["total"] == len(expected)
        assert flagged(shop) == []
        after = shop.slots({"id": made(shop.manager.get("/services"))["items"][0]["id"]})
        assert after == before
        made(shop.manager(method, path, json=body))
        assert flagged(shop) == expected
        others = made(shop.manager.get("/bookings", needs_attention="false"))["items"]
        assert sorted([*flagged(shop), *(each["id"] for each in others)]) == sorted(
            bookings
        )

    def test_that_fit_again_end_it(
        self, shop: Shop, anna: JsonObject, bookings: list[str]
    ) -> None:
        absence = shop.manager.post(f"/providers/{anna['id']}/time-off", **DAY)
        path = absence.headers["location"]
        assert flagged(shop) == bookings
        version = made(shop.manager.get(f"/bookings/{bookings[0]}"))["version"]

        trial = shop.manager.delete(path, dry_run="true")
        assert (trial.status_code, trial.json()) == (200, {"total": 0, "bookings": []})
        later = {"starts_on": "2030-01-09", "ends_on": "2030-01-09"}
        made(shop.manager.put(path, **later))

        assert flagged(shop) == []
        booking = made(shop.manager.get(f"/bookings/{bookings[0]}"))
        assert booking["version"] > version
        made(shop.manager.put(path, **DAY))
        assert shop.manager.delete(path).status_code == 204
        assert flagged(shop) == []

    def test_removing_an_override_or_a_plan_is_one(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        path = f"/providers/{anna['id']}"
        late = [{"starts": "18:00", "ends": "20:00"}]
        made(shop.manager.put(f"{path}/date-overrides/2030-01-08", hours=late))
        plan = {"hours": week("18:00", "20:00"), "effective_from": "2030-01-10"}
        made(shop.manager.put(f"{path}/working-hours", **plan))
        starts = ("2030-01-08T18:00:00Z", "2030-01-10T18:00:00Z")
        booked = [made(shop.book(cut, at))["id"] for at in starts]

        for each, booking in zip(
            ("date-overrides/2030-01-08", "working-hours/plans/2030-01-10"),
            booked,
            strict=True,
        ):
            trial = shop.manager.delete(f"{path}/{each}", dry_run="true")
            assert [b["id"] for b in made(trial)["bookings"]] == [booking]
            assert shop.manager.delete(f"{path}/{each}").status_code == 204

        assert flagged(shop) == booked

    def test_leave_alone_what_was_outside_on_purpose(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "19:00", anna, override=["hours"]))

        made(shop.manager.post("/closures", starts_on="2030-01-08", ends_on="2030-01-08"))

        assert flagged(shop) == []

    def test_a_move_or_the_end_of_a_booking_ends_it(
        self, shop: Shop, anna: JsonObject, bookings: list[str]
    ) -> None:
        made(shop.manager.post(f"/providers/{anna['id']}/time-off", **DAY))

        moved = made(
            shop.manager.put(f"/bookings/{bookings[0]}", starts_at="2030-01-09T09:00:00Z")
        )
        ended = made(shop.manager.delete(f"/bookings/{bookings[1]}"))

        assert not moved["needs_attention"]
        assert not ended["needs_attention"]
        assert flagged(shop) == bookings[2:]

    def test_of_others_do_not_touch_them(
        self, shop: Shop, cut: JsonObject, bookings: list[str]
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")

        made(shop.manager.post(f"/providers/{bert['id']}/time-off", **DAY))

        assert flagged(shop) == []

    def test_with_a_key_can_be_tried_first(self, shop: Shop, bookings: list[str]) -> None:
        headers = {"Idempotency-Key": "one"}

        def send(**params: Any) -> int:
            answer = shop.manager(
                "POST", "/closures", json=DAY, params=params, headers=headers
            )
            return answer.status_code

        assert send(dry_run="true") == 200
        assert flagged(shop) == []
        refused(
            shop.manager.post("/closures", starts_on="2030-01-08"), 400, "invalid-input"
        )
        assert made(shop.manager.get("/closures"))["items"] == []

    def test_a_trial_needs_true_or_false(self, shop: Shop) -> None:
        answer = shop.manager("POST", "/closures", json=DAY, params={"dry_run": "yes"})

        problem = refused(answer, 400, "invalid-input")
        assert problem["errors"][0]["pointer"] == "#/query/dry_run"


class TestZones:
    def test_another_zone_keeps_instants_and_flags_what_falls_outside(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bookings: list[str]
    ) -> None:
        made(shop.manager.put("/shop", timezone="America/New_York"))

        assert flagged(shop) == bookings[:2]
        listed = made(shop.manager.get("/bookings"))["items"]
        assert [each["starts_at"] for each in listed] == [
            instant(at) for at in ("09:00", "12:00", "16:00")
        ]
        made(shop.manager.put("/shop", timezone="UTC"))
        assert flagged(shop) == []

    def test_new_rules_of_a_zone_are_found(
        self, new_shop: MakeShop, parts: Parts, superuser: Engine
    ) -> None:
        shop = new_shop("Europe/Berlin")
        cut = shop.add_service()
        shop.add_provider(cut)
        kept, shifted = (made(shop.book(cut, at))["id"] for at in ("10:00", "12:00"))
        record = parts.shops.get(shop.slug)

        def check() -> int:
            with parts.database.shop_transaction(bound(record)) as session:
                return flag_shifted(session, now=parts.clock())

        assert check() == 0
        with superuser.begin() as connection:  # as if the zone had had other rules
            connection.execute(
                text(
                    f'update "{record.schema}".bookings'
                    " set local_start = local_start + interval '1 hour' where id = :id"
                ),
                {"id": shifted},
            )
        assert check() == 1
        assert flagged(shop) == [shifted]
        assert check() == 0
        assert kept not in flagged(shop)

    def test_a_zone_is_found_to_be_right_after_a_change(
        self, shop: Shop, parts: Parts, bookings: list[str]
    ) -> None:
        made(shop.manager.put("/shop", timezone="Asia/Kolkata"))
        made(shop.manager.put("/shop", timezone="UTC"))

        with parts.database.shop_transaction(bound(parts.shops.get(shop.slug))) as session:
            assert flag_shifted(session, now=parts.clock()) == 0
