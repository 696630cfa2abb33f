"""What an appointment takes beside one provider: resources, and further providers."""

from __future__ import annotations

import uuid

import httpx
import pytest

from booking_service.app import Parts
from booking_service.domain.availability import Offer
from booking_service.domain.ids import new_id
from booking_service.models import Booking
from booking_service.services import placing
from tenants.registry import bound
from tests.integration.driver import JsonObject, Shop, made, refused
from tests.integration.test_races import at_once, no_deadlock

assert no_deadlock  # the fixture guards these tests, too


@pytest.fixture
def chair(shop: Shop) -> JsonObject:
    return made(shop.manager.post("/resources", name="By the window", kind="chair"))


@pytest.fixture
def cut(shop: Shop, chair: JsonObject) -> JsonObject:
    return shop.add_service(resource_kinds=["chair"])


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, ends="12:00")


@pytest.fixture
def bert(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, name="Bert", starts="10:00", ends="13:00")


class TestResources:
    def test_are_entered_read_changed_and_removed(self, shop: Shop) -> None:
        made_ = shop.manager.post("/resources", name="Laser", kind="laser")
        path, laser = made_.headers["location"], made(made_)

        assert laser == {**laser, "name": "Laser", "kind": "laser", "active": True}
        assert made(shop.provider().get(path)) == laser
        changed = made(shop.manager.put(path, active=False))
        assert changed == {**laser, "active": False}
        assert made(shop.manager.get("/resources"))["items"] == [changed]
        assert made(shop.manager.get("/resources", kind="room"))["items"] == []
        assert shop.manager.delete(path).status_code == 204
        refused(shop.manager.get(path), 404, "not-found")
        refused(shop.manager.put(path, name="X"), 404, "not-found")
        refused(shop.manager.delete(path), 404, "not-found")

    @pytest.mark.parametrize("kind", ["", "Chair", "a b", "-a", "x" * 64, None])
    def test_need_a_kind_that_is_a_word(self, shop: Shop, kind: str | None) -> None:
        problem = refused(
            shop.manager.post("/resources", name="A", kind=kind), 400, "invalid-input"
        )

        assert problem["errors"][0]["pointer"] == "/kind"

    def test_that_are_booked_cannot_be_removed(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, chair: JsonObject
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        path = f"/resources/{chair['id']}"

        refused(shop.manager.delete(path), 409, "has-future-bookings")
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        assert shop.manager.delete(path).status_code == 204


class TestOneOfAKind:
    def test_is_taken_with_the_booking_and_given_back(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        chair: JsonObject,
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))

        assert booking["resource_ids"] == [chair["id"]]
        assert "10:00" not in shop.free(cut, bert)
        problem = refused(shop.book(cut, "10:00", bert), 409, "slot-taken")
        assert problem["reasons"] == ["resource"]
        made(shop.manager.delete(f"/bookings/{booking['id']}"))
        made(shop.book(cut, "10:00", bert))

    def test_is_offered_as_often_as_there_are_any(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        def at_ten() -> tuple[int, int]:
            slot = next(
                each for each in shop.slots(cut) if each["starts_at"][11:16] == "10:00"
            )
            return len(slot["provider_ids"]), slot["seats_left"]

        assert at_ten() == (2, 1)
        made(shop.manager.post("/resources", name="Sofa", kind="chair"))
        assert at_ten() == (2, 2)

    def test_that_there_is_none_of_is_never_offered(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, chair: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", resource_kinds=["chair", "laser"]))
        assert shop.free(cut) == []
        made(shop.manager.put(f"/services/{cut['id']}", resource_kinds=["chair"]))
        assert shop.free(cut)

        made(shop.manager.put(f"/resources/{chair['id']}", active=False))

        assert shop.free(cut) == []
        assert refused(shop.book(cut, "10:00"), 409, "slot-taken")["reasons"] == [
            "resource"
        ]

    def test_is_needed_with_the_buffers(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", buffer_after_minutes=30))
        made(shop.book(cut, "10:00", anna))

        assert shop.free(cut, bert) == ["12:00"]

    def test_stays_the_same_when_a_booking_moves_and_it_is_free(
        self,
        shop: Shop,
        cut: JsonObject,
        anna: JsonObject,
        bert: JsonObject,
        chair: JsonObject,
    ) -> None:
        sofa = made(shop.manager.post("/resources", name="Sofa", kind="chair"))
        made(shop.book(cut, "10:00", anna))
        second = made(shop.book(cut, "10:00", bert))
        path = f"/bookings/{second['id']}"
        assert second["resource_ids"] == [sofa["id"]]

        assert made(shop.manager.put(path, starts_at="2030-01-08T11:00:00Z"))[
            "resource_ids"
        ] == [sofa["id"]]

        made(shop.manager.put(f"/resources/{sofa['id']}", active=False))
        moved = made(shop.manager.put(path, starts_at="2030-01-08T12:00:00Z"))
        assert moved["resource_ids"] == [chair["id"]]

    def test_is_shared_by_the_seats_of_a_group(
        self, shop: Shop, anna: JsonObject, bert: JsonObject, cut: JsonObject
    ) -> None:
        path = f"/services/{cut['id']}"
        made(shop.manager.put(path, capacity=3))
        first = made(shop.book(cut, "10:00", anna))
        second = made(shop.book(cut, "10:00", anna))

        assert first["resource_ids"] == second["resource_ids"] != []
        (slot,) = (s for s in shop.slots(cut) if s["starts_at"][11:16] == "10:00")
        assert (slot["provider_ids"], slot["seats_left"]) == ([anna["id"]], 1)
        refused(shop.book(cut, "10:00", bert), 409, "slot-taken")
        made(shop.book(cut, "10:00"))
        refused(shop.book(cut, "10:00"), 409, "slot-taken")

    def test_of_a_group_stays_whatever_was_chosen_for_a_later_seat(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, parts: Parts
    ) -> None:
        """Somebody may have chosen another while the first seat was being booked."""
        sofa = made(shop.manager.post("/resources", name="Sofa", kind="chair"))
        made(shop.manager.put(f"/services/{cut['id']}", capacity=3))
        first = made(shop.book(cut, "10:00"))
        with parts.database.shop_transaction(bound(parts.shops.get(shop.slug))) as session:
            row = session.get_one(Booking, uuid.UUID(first["id"]))
            values = {each.key: getattr(row, each.key) for each in Booking.__table__.c}
            later = Booking(
                **values | {"id": new_id(), "resource_ids": [uuid.UUID(sofa["id"])]}
            )
            session.expunge_all()

            outcome = placing.place(
                session, later, Offer(3600, 0, 0, 3600, capacity=3), now=parts.clock()
            )

        assert not outcome.missed
        assert [str(each) for each in outcome.resource_ids] == first["resource_ids"]

    def test_changes_the_tag_of_others(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        query = {
            "service_id": cut["id"],
            "provider_id": bert["id"],
            "from": "2030-01-08T00:00:00Z",
            "to": "2030-01-09T00:00:00Z",
        }
        before = shop.manager.get("/availability", **query)

        made(shop.book(cut, "10:00", anna))

        again = shop.manager(
            "GET",
            "/availability",
            params=query,
            headers={"If-None-Match": before.headers["etag"]},
        )
        assert again.status_code == 200
        assert again.json() != before.json()


class TestTogether:
    @pytest.fixture
    def exam(self, shop: Shop) -> JsonObject:
        return shop.add_service(name="Exam")

    @pytest.fixture
    def pair(self, shop: Shop, exam: JsonObject) -> list[str]:
        anna = shop.add_provider(exam, ends="12:00")
        bert = shop.add_provider(exam, name="Bert", starts="10:00", ends="13:00")
        return [bert["id"], anna["id"]]

    def offered(self, shop: Shop, exam: JsonObject, pair: list[str]) -> list[str]:
        query = {
            "service_id": exam["id"],
            "provider_id": pair,
            "provider_mode": "all",
            "from": "2030-01-08T00:00:00Z",
            "to": "2030-01-09T00:00:00Z",
        }
        slots = made(shop.manager.get("/availability", **query))["slots"]
        assert all(sorted(slot["provider_ids"]) == sorted(pair) for slot in slots)
        return [slot["starts_at"][11:16] for slot in slots]

    def test_offer_what_all_of_them_offer(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        assert self.offered(shop, exam, pair) == ["10:00", "11:00"]
        made(shop.book(exam, "10:00", {"id": pair[0]}))
        assert self.offered(shop, exam, pair) == ["11:00"]
        stranger = made(shop.manager.post("/providers", name="Carl"))["id"]
        assert self.offered(shop, exam, [*pair, stranger]) == []

    def test_are_booked_all_or_none(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        together: JsonObject = {"provider_ids": pair, "provider_mode": "all"}
        booking = made(shop.book(exam, "10:00", **together))

        assert (booking["provider_id"], booking["provider_ids"]) == (pair[0], pair)
        for provider in pair:
            refused(shop.book(exam, "10:00", {"id": provider}), 409, "slot-taken")
            listed = made(shop.manager.get("/bookings", provider_id=provider))["items"]
            assert [each["id"] for each in listed] == [booking["id"]]
        made(shop.book(exam, "11:00", {"id": pair[1]}))
        problem = refused(shop.book(exam, "11:00", **together), 409, "slot-taken")
        assert problem["reasons"] == ["booking"]
        made(shop.book(exam, "11:00", {"id": pair[0]}))
        assert refused(shop.book(exam, "09:00", **together), 409, "slot-not-offered")[
            "reasons"
        ] == ["outside_working_hours"]

    def test_move_and_end_together(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        together: JsonObject = {"provider_ids": pair, "provider_mode": "all"}
        path = f"/bookings/{made(shop.book(exam, '10:00', **together))['id']}"

        made(shop.manager.put(path, starts_at="2030-01-08T11:00:00Z"))
        assert self.offered(shop, exam, pair) == ["10:00"]
        alone = made(shop.manager.put(path, provider_id=pair[1]))
        assert alone["provider_ids"] == [pair[1]]
        made(shop.book(exam, "11:00", {"id": pair[0]}))
        refused(shop.manager.put(path, provider_ids=pair), 409, "slot-taken")
        made(shop.manager.delete(path))
        made(shop.book(exam, "11:00", {"id": pair[1]}))

    def test_any_of_those_named_will_do(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        def book() -> httpx.Response:
            return shop.book(exam, "10:00", provider_ids=pair)

        booked = [made(book())["provider_id"] for _ in pair]

        assert sorted(booked) == sorted(pair)
        refused(book(), 409, "slot-taken")

    def test_alternatives_are_of_those_named_first_then_of_others(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        anna, carl = pair[1], shop.add_provider(exam, name="Carl", starts="11:00")["id"]
        made(shop.manager.put("/shop", booking_horizon_days=1))
        for at in ("09:00", "11:00", "2030-01-07T09:00:00Z", "2030-01-07T11:00:00Z"):
            made(shop.book(exam, at, {"id": anna}))

        problem = refused(shop.book(exam, "11:00", {"id": anna}), 409, "slot-taken")

        told = [
            (each["starts_at"][8:16], each["provider_ids"])
            for each in problem["alternatives"]
        ]
        assert told == [
            ("07T10:00", [anna]),
            ("08T10:00", [anna]),
            ("08T11:00", sorted([carl, pair[0]])),
            ("08T12:00", sorted([carl, pair[0]])),
            ("08T13:00", [carl]),
        ]

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            ({"provider_mode": "all"}, "/provider_ids"),
            ({"provider_ids": []}, "/provider_ids"),
            ({"provider_mode": "some"}, "/provider_mode"),
        ],
    )
    def test_name_what_is_wrong(
        self, shop: Shop, exam: JsonObject, members: JsonObject, pointer: str
    ) -> None:
        problem = refused(shop.book(exam, "10:00", **members), 400, "invalid-input")

        assert [error["pointer"] for error in problem["errors"]] == [pointer]

    def test_one_and_several_cannot_both_be_named(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        both: JsonObject = {"provider_id": pair[0], "provider_ids": pair}

        refused(shop.book(exam, "10:00", **both), 400, "invalid-input")
        path = f"/bookings/{made(shop.book(exam, '10:00'))['id']}"
        refused(shop.manager.put(path, **both), 400, "invalid-input")
        refused(
            shop.manager.get(
                "/availability",
                **{
                    "service_id": exam["id"],
                    "provider_mode": "all",
                    "from": "2030-01-08T00:00:00Z",
                    "to": "2030-01-09T00:00:00Z",
                },
            ),
            400,
            "invalid-input",
        )

    def test_a_provider_moves_none_that_others_serve(
        self, shop: Shop, exam: JsonObject, pair: list[str]
    ) -> None:
        made(shop.manager.put(f"/providers/{pair[1]}", subject="anna"))
        together: JsonObject = {"provider_ids": pair, "provider_mode": "all"}
        path = f"/bookings/{made(shop.book(exam, '10:00', **together))['id']}"

        made(shop.provider("anna").get(path))
        moved = shop.provider("anna").put(path, starts_at="2030-01-08T11:00:00Z")
        refused(moved, 403, "role-may-not")
        booked = shop.book(
            exam, "11:00", by=shop.provider("anna"), client_id=pair[0], **together
        )
        refused(booked, 403, "role-may-not")


class TestRaces:
    def test_for_the_last_chair_have_one_winner(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, bert: JsonObject
    ) -> None:
        both = [anna, bert] * 32

        statuses = at_once(
            *(lambda each=each: shop.book(cut, "10:00", each).status_code for each in both)
        )

        assert statuses == {201: 1, 409: 63}

    def test_find_another_chair_when_one_is_lost(self, shop: Shop, cut: JsonObject) -> None:
        for number in range(3):
            made(shop.manager.post("/resources", name=f"Chair {number}", kind="chair"))
        for number in range(8):
            shop.add_provider(cut, name=f"Provider {number}")

        statuses = at_once(*[lambda: shop.book(cut, "10:00").status_code] * 32)

        assert statuses == {201: 4, 409: 28}

    def test_of_teams_that_overlap_end_without_deadlock(self, shop: Shop) -> None:
        exam = shop.add_service()
        ids = [shop.add_provider(exam, name=f"P{number}")["id"] for number in range(4)]
        teams = [[ids[i % 4], ids[(i + 1 + i // 4 % 3) % 4]] for i in range(48)]

        def book(team: list[str]) -> int:
            return shop.book(
                exam, "10:00", provider_ids=team, provider_mode="all"
            ).status_code

        moved = [
            made(shop.book(exam, at, {"id": ids[number]}))["id"]
            for number, at in enumerate(("12:00", "13:00", "14:00", "15:00"))
        ]

        def move(booking: str) -> int:
            body = {"starts_at": "2030-01-08T10:00:00Z", "provider_id": ids[0]}
            return shop.manager.put(f"/bookings/{booking}", **body).status_code

        statuses = at_once(
            *(lambda team=team: book(team) for team in teams),
            *(lambda each=each: move(each) for each in moved * 4),
        )

        assert statuses[201] + (statuses[200] > 0) <= 2
        assert statuses[201] >= 1
        assert set(statuses) <= {200, 201, 409}
