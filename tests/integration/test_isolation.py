"""Two shops: what belongs to one is unknown to the other, on every operation."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.examples import GUARDED, NOBODY, Operation
from tests.integration.conftest import MakeShop
from tests.integration.driver import Caller, JsonObject, Shop, made

Ids = Mapping[str, str]
IN_A_SHOP = [operation for operation in GUARDED if "/platform" not in operation.template]


def fill(shop: Shop) -> Ids:
    """A shop with one of everything; its ids."""
    cut = shop.add_service()
    anna = shop.add_provider(cut, subject="anna")
    booking = made(shop.book(cut, "10:00", anna, by=shop.client("dana")))
    path = f"/providers/{anna['id']}"
    dates = {"starts_on": "2030-02-01", "ends_on": "2030-02-02"}
    time_off = made(shop.manager.post(f"{path}/time-off", **dates))
    closure = made(shop.manager.post("/closures", **dates))
    made(shop.manager.put(f"{path}/date-overrides/2030-01-07", hours=[]))
    walk_in = made(shop.manager.post("/walk-ins", service_id=cut["id"]))
    made(shop.manager.put(f"{path}/calendar-feed"))
    return {
        "walk_in_id": walk_in["id"],
        "service_id": cut["id"],
        "provider_id": anna["id"],
        "booking_id": booking["id"],
        "client_id": booking["client_id"],
        "time_off_id": time_off["id"],
        "closure_id": closure["id"],
    }


@pytest.fixture
def shops(new_shop: MakeShop) -> tuple[Shop, Shop, Ids]:
    own, other = new_shop(), new_shop()
    fill(own)
    return own, other, fill(other)


def send(caller: Caller, operation: Operation, ids: Ids) -> tuple[int, str]:
    """The status and body of an operation, the request's own id taken out."""
    swap = {NOBODY: ids["service_id"]} if ids else {}
    query = {name: swap.get(str(value), value) for name, value in operation.query.items()}
    body = {
        name: swap.get(str(value), value) for name, value in (operation.body or {}).items()
    }
    answer = caller(
        operation.method,
        operation.path(**ids),
        params=query,
        json=body if operation.body is not None else None,
    )
    request_id = answer.headers["x-request-id"]
    return answer.status_code, answer.text.replace(request_id, "")


class TestForeignIds:
    @pytest.mark.parametrize(
        "operation",
        [o for o in IN_A_SHOP if o.takes_ids or "service_id" in o.query],
        ids=repr,
    )
    def test_are_answered_like_unknown_ones(
        self, operation: Operation, shops: tuple[Shop, Shop, Ids]
    ) -> None:
        own, _, foreign = shops

        foreign_answer = send(own.manager, operation, foreign)

        assert foreign_answer == send(own.manager, operation, {})
        assert foreign_answer[0] == 404

    @pytest.mark.parametrize("member", ["service_id", "provider_id", "client_id"])
    def test_are_unknown_in_a_new_booking(
        self, shops: tuple[Shop, Shop, Ids], member: str
    ) -> None:
        own, _, foreign = shops
        cut = made(own.manager.get("/services"))["items"][0]
        body: JsonObject = {"service_id": cut["id"], "starts_at": "2030-01-08T12:00:00Z"}
        if member != "client_id":
            body["client"] = {"name": "Dana"}

        answers = [
            own.manager.post("/bookings", **body | {member: value})
            for value in (foreign[member], NOBODY)
        ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({answer.json()["detail"] for answer in answers}) == 1

    @pytest.mark.parametrize("name", ["service_id", "provider_id", "client_id"])
    def test_leave_a_list_empty(self, shops: tuple[Shop, Shop, Ids], name: str) -> None:
        own, _, foreign = shops

        assert made(own.manager.get("/bookings", **{name: foreign[name]}))["items"] == []


class TestLists:
    @pytest.mark.parametrize(
        "path",
        ["/bookings", "/providers", "/services", "/clients", "/closures", "/walk-ins"],
    )
    def test_show_the_own_shop_only(self, shops: tuple[Shop, Shop, Ids], path: str) -> None:
        own, other, _ = shops

        ids = [
            {item["id"] for item in made(shop.manager.get(path))["items"]}
            for shop in (own, other)
        ]

        assert ids[0]
        assert not ids[0] & ids[1]

    def test_the_same_subject_is_another_client_in_each_shop(
        self, shops: tuple[Shop, Shop, Ids]
    ) -> None:
        own, other, _ = shops

        me = [made(shop.client("dana").get("/clients/me"))["id"] for shop in (own, other)]

        assert me[0] != me[1]
