"""Working hours, date overrides, time off and closures."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, made, refused

EARLY = {"weekday": "tuesday", "starts": "07:00", "ends": "09:00", "breaks": []}
MORNING = {"weekday": "monday", "starts": "09:00", "ends": "12:00", "breaks": []}


@pytest.fixture
def anna(shop: Shop) -> JsonObject:
    return made(shop.manager.post("/providers", name="Anna", subject="anna"))


@pytest.fixture
def path(anna: JsonObject) -> str:
    return f"/providers/{anna['id']}"


class TestWorkingHours:
    def test_are_empty_until_they_are_entered(self, shop: Shop, path: str) -> None:
        found = made(shop.manager.get(f"{path}/working-hours"))

        assert found == {"effective_from": None, "hours": []}

    def test_are_replaced_whole(self, shop: Shop, path: str) -> None:
        evening = MORNING | {"starts": "18:00", "ends": "24:00"}
        pause = {"starts": "10:00", "ends": "10:15"}
        made(shop.manager.put(f"{path}/working-hours", hours=[MORNING, evening]))

        changed = [MORNING | {"breaks": [pause]}]
        made(shop.manager.put(f"{path}/working-hours", hours=changed))

        assert made(shop.provider().get(f"{path}/working-hours"))["hours"] == changed

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
        assert made(shop.manager.get(f"{path}/working-hours"))["hours"] == [MORNING]

    def test_of_nobody_are_not_found(self, shop: Shop) -> None:
        nobody = f"/providers/{uuid.uuid4()}/working-hours"

        refused(shop.manager.get(nobody), 404, "not-found")
        refused(shop.manager.put(nobody, hours=[]), 404, "not-found")

    def test_of_others_are_not_a_providers_business(self, shop: Shop, path: str) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))

        refused(shop.provider("bea").get(f"{path}/working-hours"), 404, "not-found")


class TestPlans:
    @pytest.fixture
    def cut(self, shop: Shop) -> JsonObject:
        return shop.add_service()

    @pytest.fixture
    def hours(self, shop: Shop, cut: JsonObject) -> str:
        anna = shop.add_provider(cut, starts="09:00", ends="11:00")
        return f"/providers/{anna['id']}/working-hours"

    def test_replace_the_old_hours_from_their_date_on(
        self, shop: Shop, cut: JsonObject, hours: str
    ) -> None:
        plan = {"hours": [EARLY], "effective_from": "2030-01-15"}

        entered = made(shop.manager.put(hours, **plan))

        assert entered == plan
        assert shop.free(cut, day="2030-01-08") == ["09:00", "10:00"]
        assert shop.free(cut, day="2030-01-14") == ["09:00", "10:00"]
        assert shop.free(cut, day="2030-01-15") == ["07:00", "08:00"]
        assert shop.free(cut, day="2030-01-16") == []

    def test_can_be_booked_as_they_are_offered(
        self, shop: Shop, cut: JsonObject, hours: str
    ) -> None:
        made(shop.manager.put(hours, hours=[EARLY], effective_from="2030-01-15"))

        made(shop.book(cut, "2030-01-15T07:00:00Z"))
        refused(shop.book(cut, "2030-01-15T09:00:00Z"), 409, "slot-not-offered")

    def test_are_read_by_date(
        self, shop: Shop, clock: SettableClock, hours: str, cut: JsonObject
    ) -> None:
        made(shop.manager.put(hours, hours=[EARLY], effective_from="2030-01-15"))

        def first_dates(**query: str) -> str | None:
            found: str | None = made(shop.manager.get(hours, **query))["effective_from"]
            return found

        assert first_dates() is None
        assert first_dates(date="2030-01-14") is None
        assert first_dates(date="2030-01-15") == "2030-01-15"
        clock.set("2030-01-15T00:00:00Z")
        assert first_dates() == "2030-01-15"

    def test_are_replaced_by_their_first_date(
        self, shop: Shop, clock: SettableClock, cut: JsonObject, hours: str
    ) -> None:
        made(shop.manager.put(hours, hours=[EARLY], effective_from="2030-01-15"))
        clock.set("2030-01-16T00:00:00Z")

        late = EARLY | {"starts": "20:00", "ends": "21:00"}
        today = made(shop.manager.put(hours, hours=[late]))
        first = made(shop.manager.put(hours, hours=[], effective_from=None))

        assert today == {"effective_from": "2030-01-15", "hours": [late]}
        assert first == {"effective_from": None, "hours": []}
        assert shop.free(cut, day="2030-01-22") == ["20:00"]
        listed = made(shop.manager.get(f"{hours}/plans"))["items"]
        assert listed == [first, today]

    def test_are_listed_page_by_page(self, shop: Shop, hours: str) -> None:
        for day in ("2030-03-01", "2030-02-01"):
            made(shop.manager.put(hours, hours=[], effective_from=day))

        one = made(shop.manager.get(f"{hours}/plans", limit=2))
        two = made(shop.manager.get(f"{hours}/plans", cursor=one["next_cursor"]))

        dates = [each["effective_from"] for each in one["items"] + two["items"]]
        assert dates == [None, "2030-02-01", "2030-03-01"]
        assert two["next_cursor"] is None

    def test_when_removed_let_the_one_before_go_on(
        self, shop: Shop, cut: JsonObject, hours: str
    ) -> None:
        made(shop.manager.put(hours, hours=[], effective_from="2030-01-08"))
        one = f"{hours}/plans/2030-01-08"
        assert shop.free(cut) == []

        assert shop.manager.delete(one).status_code == 204

        assert shop.free(cut) == ["09:00", "10:00"]
        refused(shop.manager.delete(one), 404, "not-found")
        refused(shop.manager.delete(f"{hours}/plans/tomorrow"), 400, "invalid-input")

    def test_of_others_are_not_a_providers_business(self, shop: Shop, hours: str) -> None:
        made(shop.manager.post("/providers", name="Bea", subject="bea"))

        refused(shop.provider("bea").get(f"{hours}/plans"), 404, "not-found")

    def test_are_guarded_by_their_tags(self, shop: Shop, hours: str) -> None:
        plan = {"hours": [EARLY], "effective_from": "2030-01-15"}
        tag = shop.manager.put(hours, **plan).headers["etag"]
        read = shop.manager.get(hours, date="2030-02-01").headers["etag"]

        def replaced(tag: str, **changes: Any) -> int:
            body = {**plan, **changes}
            headers = {"If-Match": tag}
            return shop.manager("PUT", hours, json=body, headers=headers).status_code

        assert read == tag
        assert replaced('"other"') == 412
        assert replaced("*", effective_from="2030-01-16") == 412
        assert replaced(tag, hours=[]) == 200
        one = f"{hours}/plans/2030-01-15"
        gone = shop.manager("DELETE", one, headers={"If-Match": tag})
        refused(gone, 412, "precondition-failed")


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
