"""Making, reading, listing, moving and cancelling bookings."""

from __future__ import annotations

import uuid

import pytest

from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import JsonObject, Shop, instant, made, refused


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service(60)


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, subject="anna")


class TestCreateBooking:
    def test_answers_with_the_booking_its_place_and_its_tag(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        answer = shop.book(cut, "10:00", anna, notes="window seat")

        booking = made(answer)
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/bookings/{booking['id']}"
        assert booking["provider_id"] == anna["id"]
        assert booking["starts_at"] == "2030-01-08T10:00:00Z"
        assert booking["ends_at"] == "2030-01-08T11:00:00Z"
        assert booking["status"] == "confirmed"
        assert booking["notes"] == "window seat"
        read = shop.manager.get(answer.headers["location"])
        assert made(read) == booking
        assert read.headers["etag"] == answer.headers["etag"]

    def test_takes_the_slot_from_others(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00", anna))

        assert "10:00" not in shop.free(cut)

    def test_a_taken_slot_is_refused_with_ways_out(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00", anna))

        problem = refused(shop.book(cut, "10:00", anna), 409, "slot-taken")

        assert problem["reasons"] == ["booking"]
        assert len(problem["alternatives"]) == 5
        for alternative in problem["alternatives"]:
            made(shop.book(cut, alternative["starts_at"], anna))

    def test_a_refused_booking_writes_nothing(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00", anna))
        before = made(shop.manager.get("/bookings")), made(shop.manager.get("/clients"))

        refused(shop.book(cut, "10:00", anna), 409, "slot-taken")

        after = made(shop.manager.get("/bookings")), made(shop.manager.get("/clients"))
        assert after == before

    @pytest.mark.parametrize(
        ("at", "reasons"),
        [
            ("08:00", ["outside_working_hours"]),
            ("10:30", ["off_grid"]),
            ("10:00:00.5", ["off_grid"]),
            ("2030-01-06T10:00:00Z", ["past"]),
            ("2030-06-01T10:00:00Z", ["horizon"]),
            ("9999-12-31T23:59:59Z", ["horizon", "outside_working_hours"]),
            ("0001-01-01T00:00:00Z", ["past", "outside_working_hours"]),
        ],
    )
    def test_what_is_not_offered_is_refused_with_reasons(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, at: str, reasons: list[str]
    ) -> None:
        if len(at) == 10:
            at = f"2030-01-08T{at}Z"

        problem = refused(shop.book(cut, at, anna), 409, "slot-not-offered")

        assert problem["reasons"] == reasons

    def test_without_a_provider_the_fairest_one_serves(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bea = shop.add_provider(cut, name="Bea")
        made(shop.book(cut, "09:00", anna))

        served = [made(shop.book(cut, "12:00"))["provider_id"] for _ in range(2)]

        assert served == [bea["id"], anna["id"]]
        refused(shop.book(cut, "12:00"), 409, "slot-taken")

    def test_a_client_books_for_itself(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        dana = shop.client("dana")

        booking = made(shop.book(cut, "10:00", by=dana, client={"name": "Dana"}))

        own = made(dana.get("/clients/me"))
        assert booking["client_id"] == own["id"]
        assert own["name"] == "Dana"

    def test_a_client_may_not_book_for_another(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        other = made(shop.manager.post("/clients", name="Eve"))

        answer = shop.book(cut, "10:00", by=shop.client(), client_id=other["id"])

        refused(answer, 403, "role-may-not")

    def test_a_provider_books_into_its_own_calendar_only(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bea = shop.add_provider(cut, name="Bea", subject="bea")
        as_anna = shop.provider("anna")
        dana = {"client": {"name": "Dana"}}

        own = made(shop.book(cut, "10:00", by=as_anna, **dana))

        assert own["provider_id"] == anna["id"]
        refused(shop.book(cut, "11:00", bea, by=as_anna, **dana), 403, "role-may-not")

    def test_a_provider_that_is_not_linked_may_not_book(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        answer = shop.book(cut, "10:00", by=shop.provider("stranger"), client={"name": "D"})

        refused(answer, 403, "not-linked")

    def test_staff_say_whose_booking_it_is(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        body = {"service_id": cut["id"], "starts_at": instant("10:00")}

        problem = refused(shop.manager.post("/bookings", **body), 400, "invalid-input")

        assert problem["errors"][0]["pointer"] == "/client_id"

    @pytest.mark.parametrize("member", ["service_id", "provider_id", "client_id"])
    def test_unknown_ids_are_not_found(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, member: str
    ) -> None:
        body = {"service_id": cut["id"], "starts_at": instant("10:00")}
        if member != "client_id":
            body["client"] = {"name": "Dana"}

        answer = shop.manager.post("/bookings", **body | {member: str(uuid.uuid4())})

        refused(answer, 404, "not-found")

    def test_waits_for_confirmation_if_the_shop_wants_it(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(auto_confirm=False)
        cut = shop.add_service(60)
        shop.add_provider(cut)

        by_client = made(shop.book(cut, "10:00", by=shop.client()))
        by_staff = made(shop.book(cut, "11:00"))

        assert (by_client["status"], by_staff["status"]) == ("pending", "confirmed")
        refused(shop.book(cut, "10:00"), 409, "slot-taken")

    def test_an_inactive_service_is_not_offered(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", active=False))

        problem = refused(shop.book(cut, "10:00", anna), 409, "slot-not-offered")

        assert problem["reasons"] == ["inactive"]


class TestUpdateBooking:
    @pytest.fixture
    def booking(self, shop: Shop, cut: JsonObject, anna: JsonObject) -> JsonObject:
        return made(shop.book(cut, "10:00", anna, notes="first"))

    def test_moves_to_another_time(
        self, shop: Shop, cut: JsonObject, booking: JsonObject
    ) -> None:
        path = f"/bookings/{booking['id']}"

        moved = made(shop.manager.put(path, starts_at=instant("14:00")))

        assert moved["ends_at"] == "2030-01-08T15:00:00Z"
        assert moved["version"] == booking["version"] + 1
        assert moved["notes"] == "first"
        free = shop.free(cut)
        assert "10:00" in free
        assert "14:00" not in free

    def test_moves_into_the_place_it_leaves(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(slot_interval_minutes=15)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00"))

        moved = shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("10:15"))

        assert made(moved)["starts_at"] == instant("10:15")

    def test_moves_to_another_provider(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, booking: JsonObject
    ) -> None:
        bea = shop.add_provider(cut, name="Bea")

        moved = shop.manager.put(f"/bookings/{booking['id']}", provider_id=bea["id"])

        assert made(moved)["provider_id"] == bea["id"]
        assert "10:00" in shop.free(cut, anna)
        assert "10:00" not in shop.free(cut, bea)

    def test_a_move_to_a_taken_time_is_refused_and_changes_nothing(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, booking: JsonObject
    ) -> None:
        made(shop.book(cut, "12:00", anna))
        path = f"/bookings/{booking['id']}"

        problem = refused(
            shop.manager.put(path, starts_at=instant("12:00")), 409, "slot-taken"
        )

        assert made(shop.manager.get(path)) == booking
        alternative = problem["alternatives"][0]["starts_at"]
        assert made(shop.manager.put(path, starts_at=alternative))

    def test_keeps_its_duration_when_the_service_changes(
        self, shop: Shop, cut: JsonObject, booking: JsonObject
    ) -> None:
        made(shop.manager.put(f"/services/{cut['id']}", duration_minutes=30))

        moved = shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("14:00"))

        assert made(moved)["ends_at"] == instant("15:00")

    def test_null_clears_the_notes(self, shop: Shop, booking: JsonObject) -> None:
        cleared = made(shop.manager.put(f"/bookings/{booking['id']}", notes=None))

        assert cleared["notes"] is None
        assert cleared["starts_at"] == booking["starts_at"]

    def test_nothing_changes_nothing(self, shop: Shop, booking: JsonObject) -> None:
        path = f"/bookings/{booking['id']}"

        assert made(shop.manager.put(path)) == booking
        assert made(shop.manager.put(path, starts_at=booking["starts_at"])) == booking

    @pytest.mark.parametrize(
        "member", ["id", "service_id", "client_id", "ends_at", "version", "created_at"]
    )
    def test_read_only_members_are_refused(
        self, shop: Shop, booking: JsonObject, member: str
    ) -> None:
        answer = shop.manager.put(f"/bookings/{booking['id']}", **{member: booking[member]})

        problem = refused(answer, 400, "invalid-input")
        assert problem["errors"][0]["pointer"] == f"/{member}"

    def test_moving_and_cancelling_at_once_is_refused(
        self, shop: Shop, booking: JsonObject
    ) -> None:
        answer = shop.manager.put(
            f"/bookings/{booking['id']}", starts_at=instant("14:00"), status="cancelled"
        )

        refused(answer, 400, "invalid-input")

    def test_a_clients_move_waits_for_confirmation_again(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(auto_confirm=False)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00", by=shop.client()))
        path = f"/bookings/{booking['id']}"
        made(shop.manager.put(path, status="confirmed"))

        moved = made(shop.client().put(path, starts_at=instant("12:00")))

        assert moved["status"] == "pending"

    @pytest.mark.parametrize("status", ["completed", "no_show"])
    def test_what_has_not_started_cannot_be_over(
        self, shop: Shop, booking: JsonObject, status: str
    ) -> None:
        answer = shop.manager.put(f"/bookings/{booking['id']}", status=status)

        refused(answer, 409, "invalid-transition")

    @pytest.mark.parametrize("status", ["completed", "no_show"])
    def test_what_is_over_early_gives_back_the_rest(
        self, new_shop: MakeShop, clock: SettableClock, status: str
    ) -> None:
        shop = new_shop(slot_interval_minutes=15)
        cut, colour = shop.add_service(30), shop.add_service(120)
        shop.add_provider(cut, colour)
        booking = made(shop.book(colour, "10:00"))
        clock.set("2030-01-08T10:20:00Z")

        over = made(shop.manager.put(f"/bookings/{booking['id']}", status=status))

        assert over["status"] == status
        assert shop.free(cut)[0] == "10:30"

    def test_a_pending_booking_past_its_start_can_only_be_cancelled(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(auto_confirm=False)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00", by=shop.client()))
        path = f"/bookings/{booking['id']}"
        clock.set("2030-01-08T10:30:00Z")

        refused(shop.manager.put(path, status="confirmed"), 409, "invalid-transition")
        refused(
            shop.manager.put(path, starts_at=instant("12:00")), 409, "invalid-transition"
        )
        assert made(shop.manager.put(path, status="cancelled"))["status"] == "cancelled"

    def test_a_client_may_only_cancel(self, shop: Shop, cut: JsonObject) -> None:
        shop.add_provider(cut)
        booking = made(shop.book(cut, "15:00", by=shop.client()))
        path = f"/bookings/{booking['id']}"

        refused(shop.client().put(path, status="completed"), 403, "role-may-not")
        assert made(shop.client().put(path, status="cancelled"))["status"] == "cancelled"


class TestCancelBooking:
    def test_frees_the_slot_for_others(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))

        cancelled = made(shop.manager.delete(f"/bookings/{booking['id']}", reason="ill"))

        assert cancelled["status"] == "cancelled"
        assert cancelled["cancellation_reason"] == "ill"
        assert "10:00" in shop.free(cut)
        made(shop.book(cut, "10:00", anna))

    def test_answers_the_same_again_and_again(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        path = f"/bookings/{made(shop.book(cut, '10:00', anna))['id']}"

        first = made(shop.manager.delete(path, reason="ill"))

        assert made(shop.manager.delete(path, reason="another")) == first
        assert made(shop.manager.delete(path)) == first

    def test_what_is_over_cannot_be_cancelled(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        path = f"/bookings/{made(shop.book(cut, '10:00', anna))['id']}"
        clock.set("2030-01-08T10:30:00Z")
        made(shop.manager.put(path, status="completed"))

        refused(shop.manager.delete(path), 409, "invalid-transition")

    def test_a_client_keeps_the_shops_notice(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(cancellation_notice_minutes=60)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        path = f"/bookings/{made(shop.book(cut, '10:00', by=shop.client()))['id']}"
        clock.set("2030-01-08T09:00:01Z")

        refused(shop.client().delete(path), 409, "cancellation-too-late")
        refused(
            shop.client().put(path, starts_at=instant("14:00")),
            409,
            "cancellation-too-late",
        )
        assert made(shop.manager.delete(path))["status"] == "cancelled"


class TestListBookings:
    @pytest.fixture
    def three(self, shop: Shop, cut: JsonObject, anna: JsonObject) -> list[JsonObject]:
        return [made(shop.book(cut, at, anna)) for at in ("12:00", "09:00", "15:00")]

    def listed(self, shop: Shop, **query: object) -> list[str]:
        items = made(shop.manager.get("/bookings", **query))["items"]
        return [booking["starts_at"][11:16] for booking in items]

    def test_is_in_the_order_of_starts(self, shop: Shop, three: list[JsonObject]) -> None:
        assert self.listed(shop) == ["09:00", "12:00", "15:00"]

    def test_takes_those_that_overlap_the_window(
        self, shop: Shop, three: list[JsonObject]
    ) -> None:
        window = {"from": instant("09:30"), "to": instant("12:30")}
        touching = {"from": instant("10:00"), "to": instant("12:00")}

        assert self.listed(shop, **window) == ["09:00", "12:00"]
        assert self.listed(shop, **touching) == []

    def test_narrows_by_client_provider_service_and_status(
        self, shop: Shop, three: list[JsonObject]
    ) -> None:
        one = three[0]
        made(shop.manager.delete(f"/bookings/{one['id']}"))

        assert self.listed(shop, client_id=one["client_id"]) == ["12:00"]
        assert len(self.listed(shop, provider_id=one["provider_id"])) == 3
        assert len(self.listed(shop, service_id=one["service_id"])) == 3
        assert self.listed(shop, status=["cancelled"]) == ["12:00"]
        assert self.listed(shop, status=["confirmed", "pending"]) == ["09:00", "15:00"]
        for name in ("client_id", "provider_id", "service_id"):
            assert self.listed(shop, **{name: str(uuid.uuid4())}) == []

    def test_comes_in_pages(self, shop: Shop, three: list[JsonObject]) -> None:
        first = made(shop.manager.get("/bookings", limit=2))
        second = made(shop.manager.get("/bookings", limit=2, cursor=first["next_cursor"]))

        starts = [each["starts_at"][11:16] for each in first["items"] + second["items"]]
        assert starts == ["09:00", "12:00", "15:00"]
        assert second["next_cursor"] is None

    def test_a_cursor_is_good_for_its_filters_only(
        self, shop: Shop, three: list[JsonObject]
    ) -> None:
        cursor = made(shop.manager.get("/bookings", limit=1))["next_cursor"]

        answer = shop.manager.get("/bookings", cursor=cursor, status="confirmed")

        refused(answer, 400, "invalid-input")

    def test_shows_each_its_own(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bea = shop.add_provider(cut, name="Bea", subject="bea")
        own = made(shop.book(cut, "10:00", anna, by=shop.client("dana")))
        made(shop.book(cut, "10:00", bea, by=shop.client("eve")))

        for caller in (shop.client("dana"), shop.provider("anna")):
            assert made(caller.get("/bookings"))["items"] == [own]
        assert made(shop.client("nobody").get("/bookings"))["items"] == []


class TestForeignBookings:
    def test_are_unknown_to_other_clients_and_providers(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        shop.add_provider(cut, name="Bea", subject="bea")
        path = (
            f"/bookings/{made(shop.book(cut, '10:00', anna, by=shop.client('dana')))['id']}"
        )

        for caller in (shop.client("eve"), shop.provider("bea")):
            refused(caller.get(path), 404, "not-found")
            refused(caller.put(path, notes="mine"), 404, "not-found")
            refused(caller.delete(path), 404, "not-found")
