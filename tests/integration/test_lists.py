"""Lists: what they cost, and what their pages promise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from booking_service.app import Parts
from booking_service.domain.actors import Role
from tests.integration.driver import Shop, made, refused


@contextmanager
def counted(parts: Parts) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(*execution: object) -> None:
        seen.append(str(execution[2]))

    engine = parts.database.main.engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)


def add_one_of_each(shop: Shop, hour: int) -> None:
    cut = shop.add_service(30)
    anna = shop.add_provider(cut)
    made(shop.book(cut, f"{hour:02}:00", anna))
    dates = {"starts_on": f"2031-01-{hour:02}", "ends_on": f"2031-01-{hour:02}"}
    made(shop.manager.post("/closures", **dates))
    first = made(shop.manager.get("/providers", limit=1))["items"][0]["id"]
    made(shop.manager.post(f"/providers/{first}/time-off", **dates))
    override = f"/providers/{first}/date-overrides/2031-01-{hour:02}"
    made(shop.manager.put(override, hours=[]))


class TestStatements:
    @pytest.mark.parametrize(
        "path",
        [
            "/providers",
            "/services",
            "/clients",
            "/closures",
            "/bookings",
            "/providers/{first}/time-off",
            "/providers/{first}/date-overrides",
        ],
    )
    def test_do_not_grow_with_the_list(self, shop: Shop, parts: Parts, path: str) -> None:
        counts = []
        for hours in (range(9, 10), range(10, 15)):
            for hour in hours:
                add_one_of_each(shop, hour)
            first = made(shop.manager.get("/providers", limit=1))["items"][0]["id"]
            with counted(parts) as seen:
                items = made(shop.manager.get(path.format(first=first)))["items"]
            assert len(items) == hours.stop - 9
            counts.append(len(seen))

        assert counts[0] == counts[1] <= 4


class TestPages:
    """Pages stand while rows come and go, and cursors belong to one list."""

    @pytest.fixture
    def closures(self, shop: Shop) -> list[str]:
        days = {"starts_on": "2031-01-01", "ends_on": "2031-01-01"}
        return [made(shop.manager.post("/closures", **days))["id"] for _ in range(9)]

    def pages(self, shop: Shop, path: str, between: Callable[[int], None]) -> list[str]:
        """The ids of all pages of two, with something happening between them."""
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        for number in itertools.count():
            page = made(shop.manager.get(path, **query))
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return seen
            query["cursor"] = page["next_cursor"]
            between(number)
        raise AssertionError("the last page has no cursor")

    def test_show_each_row_once(self, shop: Shop, closures: list[str]) -> None:
        assert self.pages(shop, "/closures", lambda _: None) == closures

    def test_stand_while_rows_go(self, shop: Shop, closures: list[str]) -> None:
        def remove(number: int) -> None:
            # One that was shown, the very one that the cursor names, and one ahead.
            for position in (2 * number, 2 * number + 1, 8 - number):
                shop.manager.delete(f"/closures/{closures[position]}")

        seen = self.pages(shop, "/closures", remove)

        assert len(seen) == len(set(seen))
        assert seen == sorted(seen)
        assert seen[:2] == closures[:2]
        assert {closures[2], closures[3]} <= set(seen)

    def test_stand_while_rows_come(self, shop: Shop) -> None:
        cut = shop.add_service(30)
        anna = shop.add_provider(cut)
        before = [
            made(shop.book(cut, at, anna))["id"]
            for at in ("10:00", "11:00", "12:00", "13:00", "14:00")
        ]

        def add(number: int) -> None:
            shop.book(cut, "09:00", anna)  # behind us
            shop.book(cut, f"1{number + 3}:30", anna)  # ahead

        seen = self.pages(shop, "/bookings", add)

        assert len(seen) == len(set(seen))
        assert [each for each in seen if each in before] == before

    @pytest.mark.parametrize(
        "other",
        [
            "/bookings",
            "/providers",
            "/closures?limit=1",
            "/bookings?status=confirmed",
            "/bookings?client_id=0193a5b2-c4d8-7c3e-9f10-a1b2c3d4e5f6",
        ],
    )
    def test_a_cursor_is_good_for_its_list_only(
        self, shop: Shop, closures: list[str], other: str
    ) -> None:
        cursor = made(shop.manager.get("/closures", limit=2))["next_cursor"]

        path, _, query = other.partition("?")
        named = dict([query.split("=")]) if query else {}
        answer = shop.manager.get(path, cursor=cursor, **named)

        if path == "/closures":  # another length of page is the same list
            made(answer)
        else:
            problem = refused(answer, 400, "invalid-input")
            assert problem["errors"][0]["pointer"] == "#/query/cursor"

    # Not the last one: some of its bits say nothing.
    @pytest.mark.parametrize("change", [0, 5, -5])
    def test_a_cursor_that_was_changed_is_refused(
        self, shop: Shop, closures: list[str], change: int
    ) -> None:
        cursor = made(shop.manager.get("/closures", limit=2))["next_cursor"]
        letters = list(cursor)
        letters[change] = "A" if letters[change] != "A" else "B"

        answer = shop.manager.get("/closures", cursor="".join(letters))

        refused(answer, 400, "invalid-input")

    def test_a_cursor_of_another_shop_or_bearer_is_refused(
        self, shop: Shop, closures: list[str], new_shop: Callable[[], Shop]
    ) -> None:
        cursor = made(shop.manager.get("/closures", limit=2))["next_cursor"]

        for caller in (new_shop().manager, shop.caller(Role.MANAGER, "max")):
            refused(caller.get("/closures", cursor=cursor), 400, "invalid-input")
