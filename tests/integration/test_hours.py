"""Working hours, date overrides, time off and closures."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.integration.driver import JsonObject, Shop, made, refused

MORNING = {"weekday": "monday", "starts": "09:00", "ends": "12:00", "breaks": []}


@pytest.fixture
def anna(shop: Shop) -> JsonObject:
    return made(shop.manager.post("/providers", name="Anna", subject="anna"))


@pytest.fixture
def path(anna: JsonObject) -> str:
    return f"/providers/{anna['id']}"


class TestWorkingHours:
    def test_are_empty_until_they_are_entered(self, shop: Shop, path: str) -> None:
        assert made(shop.manager.get(f"{path}/working-hours")) == {"hours": []}

    def test_are_replaced_whole(self, shop: Shop, path: str) -> None:
        evening = MORNING | {"starts": "18:00", "ends": "24:00"}
        pause = {"starts": "10:00", "ends": "10:15"}
        made(shop.manager.put(f"{path}/working-hours", hours=[MORNING, evening]))

        changed = [MORNING | {"breaks": [pause]}]
        made(shop.manager.put(f"{path}/working-hours", hours=changed))

        assert made(shop.provider().get(f"{path}/working-hours")) == {"hours": changed}

    @pytest.mark.parametrize(
        ("hours", "pointer"),
        [
            ([MORNING | {"ends": "09:00"}], "/hours/0/ends"),
            ([MORNING | {"ends": "08:00"}], "/hours/0/ends"),
            ([MORNING, MORNING | {"starts": "11:00"}], "/hours/1"),
            ([MORNING | {"weekday": "funday"}], "/hours/0/weekday"),
            ([MORNING | {"starts": "9:00"}], "/hours/0/starts"),
            ([MORNING | {"ends": "24:01"}], "/hours/0/ends"),
            (
                [MORNING | {"breaks": [{"starts": "08:00", "ends": "09:30"}]}],
                "/hours/0/breaks/0",
            ),
            ([{"starts": "09:00", "ends": "10:00"}], "/hours/0/weekday"),
            (None, "/hours"),
        ],
    )
    def test_name_what_is_wrong_and_write_nothing(
        self, shop: Shop, path: str, hours: Any, pointer: str
    ) -> None:
        made(shop.manager.put(f"{path}/working-hours", hours=[MORNING]))

        answer = shop.manager.put(f"{path}/working-hours", hours=hours)

        problem = refused(answer, 400, "invalid-input")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert made(shop.manager.get(f"{path}/working-hours")) == {"hours": [MORNING]}

    def test_of_nobody_are_not_found(self, shop: Shop) -> None:
        nobody = f"/providers/{uuid.uuid4()}/working-hours"

        refused(shop.manager.get(nobody), 404, "not-found")
        refused(shop.manager.put(nobody, hours=[]), 404, "not-found")

    def test_of_others_are_not_a_providers_business(self, shop: Shop, path: str) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))

        refused(shop.provider("bea").get(f"{path}/working-hours"), 404, "not-found")


class TestDateOverrides:
    def test_are_entered_listed_and_removed(self, shop: Shop, path: str) -> None:
        hours = [{"starts": "10:00", "ends": "12:00", "breaks": []}]
        for date in ("2030-02-01", "2030-01-08", "2030-03-01"):
            made(shop.manager.put(f"{path}/date-overrides/{date}", hours=hours))

        window = {"from": "2030-01-08", "to": "2030-02-01"}
        listed = made(shop.provider().get(f"{path}/date-overrides", **window))["items"]

        assert [each["date"] for each in listed] == ["2030-01-08", "2030-02-01"]
        one = f"{path}/date-overrides/2030-01-08"
        assert made(shop.manager.get(one)) == {"date": "2030-01-08", "hours": hours}
        assert shop.manager.delete(one).status_code == 204
        refused(shop.manager.get(one), 404, "not-found")
        refused(shop.manager.delete(one), 404, "not-found")

    def test_without_hours_close_the_date(self, shop: Shop) -> None:
        cut = shop.add_service()
        anna = shop.add_provider(cut)
        one = f"/providers/{anna['id']}/date-overrides/2030-01-08"

        assert made(shop.manager.put(one, hours=[]))["hours"] == []

        assert shop.free(cut) == []
        assert shop.free(cut, day="2030-01-09")

    @pytest.mark.parametrize("date", ["2030-02-30", "today", "2030-1-8", "20300108"])
    def test_need_a_date(self, shop: Shop, path: str, date: str) -> None:
        answer = shop.manager.put(f"{path}/date-overrides/{date}", hours=[])

        assert (
            refused(answer, 400, "invalid-input")["errors"][0]["pointer"] == "#/path/date"
        )

    def test_overlapping_hours_are_refused(self, shop: Shop, path: str) -> None:
        twice = [{"starts": "10:00", "ends": "12:00"}] * 2

        answer = shop.manager.put(f"{path}/date-overrides/2030-01-08", hours=twice)

        assert refused(answer, 400, "invalid-input")["errors"][0]["pointer"] == "/hours/1"


INSTANTS = {"starts_at": "2030-01-08T09:00:00Z", "ends_at": "2030-01-08T12:00:00Z"}
DATES = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
NO_INSTANTS = dict.fromkeys(INSTANTS)
NO_DATES = dict.fromkeys(DATES)


@pytest.fixture(params=["time-off", "closures"])
def stretches(request: pytest.FixtureRequest, path: str) -> str:
    """Time off and closures are stated in the same ways."""
    return f"{path}/time-off" if request.param == "time-off" else "/closures"


class TestStretches:
    @pytest.mark.parametrize(
        ("given", "empty"), [(INSTANTS, NO_DATES), (DATES, NO_INSTANTS)]
    )
    def test_are_stated_as_instants_or_as_dates(
        self, shop: Shop, stretches: str, given: JsonObject, empty: JsonObject
    ) -> None:
        answer = shop.manager.post(stretches, **given, reason="rest")

        made_one = made(answer)
        one = answer.headers["location"]
        assert made_one == {"id": made_one["id"], **given, **empty, "reason": "rest"}
        assert made(shop.manager.get(one)) == made_one
        assert made(shop.manager.get(stretches))["items"] == [made_one]

    def test_are_changed_and_removed(self, shop: Shop, stretches: str) -> None:
        one = shop.manager.post(stretches, **INSTANTS).headers["location"]

        longer = made(shop.manager.put(one, ends_at="2030-01-08T13:00:00Z", reason="rest"))
        whole_day = made(shop.manager.put(one, **DATES))

        assert longer["starts_at"] == INSTANTS["starts_at"]
        assert longer["ends_at"] == "2030-01-08T13:00:00Z"
        assert whole_day == longer | NO_INSTANTS | DATES
        assert shop.manager.delete(one).status_code == 204
        refused(shop.manager.get(one), 404, "not-found")
        refused(shop.manager.put(one, reason="x"), 404, "not-found")
        refused(shop.manager.delete(one), 404, "not-found")

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/starts_at"),
            ({"reason": "rest"}, "/starts_at"),
            (INSTANTS | DATES, "/starts_on"),
            ({"starts_at": INSTANTS["starts_at"]}, "/ends_at"),
            ({"ends_on": "2030-01-08"}, "/starts_on"),
            (INSTANTS | {"ends_at": INSTANTS["starts_at"]}, "/ends_at"),
            (DATES | {"ends_on": "2030-01-07"}, "/ends_on"),
            (INSTANTS | {"ends_at": "later"}, "/ends_at"),
            (DATES | {"reason": "x" * 501}, "/reason"),
        ],
    )
    def test_name_what_is_wrong_and_write_nothing(
        self, shop: Shop, stretches: str, body: JsonObject, pointer: str
    ) -> None:
        problem = refused(shop.manager.post(stretches, **body), 400, "invalid-input")

        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert made(shop.manager.get(stretches))["items"] == []

    def test_a_change_may_not_turn_it_around(self, shop: Shop, stretches: str) -> None:
        one = shop.manager.post(stretches, **INSTANTS).headers["location"]

        answer = shop.manager.put(one, starts_at="2030-01-09T00:00:00Z")

        refused(answer, 400, "invalid-input")


class TestTimeOffOfOthers:
    def test_is_not_a_providers_business(self, shop: Shop, path: str) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))
        one = shop.provider("anna").post(f"{path}/time-off", **DATES).headers["location"]
        bea = shop.provider("bea")

        refused(bea.get(f"{path}/time-off"), 404, "not-found")
        refused(bea.post(f"{path}/time-off", **DATES), 404, "not-found")
        refused(bea.get(one), 404, "not-found")
        refused(bea.put(one, reason="x"), 404, "not-found")
        refused(bea.delete(one), 404, "not-found")

    def test_is_found_under_its_own_provider_only(self, shop: Shop, path: str) -> None:
        bea = made(shop.manager.post("/providers", name="Bea"))
        one = shop.manager.post(f"{path}/time-off", **DATES).headers["location"]

        wrong = f"/providers/{bea['id']}/time-off/{one.rpartition('/')[2]}"

        refused(shop.manager.get(wrong), 404, "not-found")
