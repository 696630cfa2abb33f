"""Every list costs the same number of statements, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from booking_service.app import Parts
from tests.integration.driver import Shop, made


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
