"""Rules of booking that only show when two things meet."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from booking_service.app import Parts
from booking_service.repositories import locks
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import JsonObject, Shop, instant, made, refused


class TestDailyCap:
    @pytest.fixture
    def capped(self, shop: Shop) -> JsonObject:
        return shop.add_service(60, max_per_day=1)

    def test_counts_its_own_service_only(self, shop: Shop, capped: JsonObject) -> None:
        other = shop.add_service(60)
        anna = shop.add_provider(capped, other)
        made(shop.book(other, "09:00", anna))

        made(shop.book(capped, "10:00", anna))

    def test_gets_the_place_of_a_cancelled_booking_back(
        self, shop: Shop, capped: JsonObject
    ) -> None:
        anna = shop.add_provider(capped)
        booking = made(shop.book(capped, "10:00", anna))
        made(shop.manager.delete(f"/bookings/{booking['id']}"))

        made(shop.book(capped, "12:00", anna))

    def test_lets_a_booking_move_within_its_full_day(
        self, shop: Shop, capped: JsonObject
    ) -> None:
        anna = shop.add_provider(capped)
        booking = made(shop.book(capped, "10:00", anna))

        moved = shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("14:00"))

        assert made(moved)["starts_at"] == instant("14:00")

    def test_goes_by_the_shops_own_days(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(timezone="Pacific/Auckland")
        capped = shop.add_service(60, max_per_day=1)
        anna = shop.add_provider(capped, starts="00:00", ends="24:00")
        made(shop.book(capped, "2030-01-08T10:00:00Z", anna))  # 23:00 on the 8th there

        made(shop.book(capped, "2030-01-08T11:00:00Z", anna))  # midnight of the 9th
        again = shop.book(capped, "2030-01-08T12:00:00Z", anna)
        assert refused(again, 409, "slot-not-offered")["reasons"] == ["daily_cap"]


class TestAnyProvider:
    def test_counts_the_minutes_of_that_day_only(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        anna, bea = shop.add_provider(cut), shop.add_provider(cut, name="Bea")
        for hour in ("09:00", "10:00", "11:00"):
            made(shop.book(cut, f"2030-01-07T{hour}:00Z", anna))
        made(shop.book(cut, "09:00", bea))

        assert made(shop.book(cut, "12:00"))["provider_id"] == anna["id"]

    def test_prefers_who_is_idle_longest_among_equals(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        anna, bea = shop.add_provider(cut), shop.add_provider(cut, name="Bea")
        # Anna is free since 12:00; Bea since 11:00, though she has more to do later.
        for provider, starts in ((anna, ("09:00", "11:00")), (bea, ("10:00", "15:00"))):
            for start in starts:
                made(shop.book(cut, start, provider))

        assert made(shop.book(cut, "13:00"))["provider_id"] == bea["id"]


class TestWhatABookingKeeps:
    def row(self, superuser: Engine, parts: Parts, shop: Shop, booking: str) -> JsonObject:
        schema = parts.shops.get(shop.slug).schema
        query = text(f'select * from "{schema}".bookings where id = :id')
        with superuser.connect() as connection:
            return dict(connection.execute(query, {"id": booking}).mappings().one())

    def test_its_price_buffers_and_local_start(
        self, new_shop: MakeShop, clock: SettableClock, superuser: Engine, parts: Parts
    ) -> None:
        shop = new_shop(timezone="Asia/Kolkata")
        price = {"amount_minor": 4500, "currency": "INR"}
        cut = shop.add_service(60, price=price, buffer_after_minutes=30)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "2030-01-08T04:30:00Z"))
        changes = {"price": None, "buffer_after_minutes": 0, "slot_interval_minutes": 30}
        made(shop.manager.put(f"/services/{cut['id']}", **changes))
        made(
            shop.manager.put(f"/bookings/{booking['id']}", starts_at="2030-01-08T06:30:00Z")
        )

        row = self.row(superuser, parts, shop, booking["id"])

        assert (row["price_amount_minor"], row["price_currency"]) == (4500, "INR")
        assert row["local_start"].isoformat() == "2030-01-08T12:00:00"
        assert row["timezone"] == "Asia/Kolkata"
        # It still keeps half an hour free behind it, which a new one would not.
        assert "07:30" not in shop.free(cut)
        assert "08:00" in shop.free(cut)


class TestProvidersOwnCalendar:
    @pytest.fixture
    def cut(self, shop: Shop) -> JsonObject:
        return shop.add_service(60)

    @pytest.fixture
    def two(self, shop: Shop, cut: JsonObject) -> tuple[JsonObject, JsonObject]:
        anna = shop.add_provider(cut, subject="anna")
        return anna, shop.add_provider(cut, name="Bea", subject="bea")

    def test_is_not_left_by_a_move(
        self, shop: Shop, cut: JsonObject, two: tuple[JsonObject, JsonObject]
    ) -> None:
        anna, bea = two
        path = f"/bookings/{made(shop.book(cut, '10:00', anna))['id']}"

        answer = shop.provider("anna").put(path, provider_id=bea["id"])

        refused(answer, 403, "role-may-not")

    def test_takes_known_clients_only(
        self, shop: Shop, cut: JsonObject, two: tuple[JsonObject, JsonObject]
    ) -> None:
        stranger = made(shop.book(cut, "10:00", two[1]))["client_id"]
        known = made(shop.book(cut, "10:00", two[0]))["client_id"]
        as_anna = shop.provider("anna")

        refused(shop.book(cut, "11:00", by=as_anna, client_id=stranger), 404, "not-found")
        made(shop.book(cut, "11:00", by=as_anna, client_id=known))

    def test_is_all_that_its_alternatives_name(
        self, shop: Shop, cut: JsonObject, two: tuple[JsonObject, JsonObject]
    ) -> None:
        anna = two[0]
        made(shop.book(cut, "10:00", anna))
        as_anna = shop.provider("anna")

        answer = shop.book(cut, "10:00", by=as_anna, client={"name": "Dana"})

        offers = refused(answer, 409, "slot-taken")["alternatives"]
        assert {one for offer in offers for one in offer["provider_ids"]} == {anna["id"]}
        made(shop.manager.put(f"/providers/{anna['id']}/working-hours", hours=[]))
        answer = shop.book(cut, "12:00", by=as_anna, client={"name": "Dana"})
        assert refused(answer, 409, "slot-not-offered")["alternatives"] == []


class TestAlternatives:
    def test_name_another_provider_at_the_very_time(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        away = shop.add_provider(cut)
        shop.set_hours(away, [])
        bea = shop.add_provider(cut, name="Bea", starts="10:00", ends="11:00")

        problem = refused(shop.book(cut, "10:00", away), 409, "slot-not-offered")

        first = problem["alternatives"][0]
        assert first["starts_at"][11:16] == "10:00"
        assert first["provider_ids"] == [bea["id"]]

    def test_of_a_move_are_not_where_it_is(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00"))
        made(shop.book(cut, "11:00"))

        answer = shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("11:00"))

        offers = refused(answer, 409, "slot-taken")["alternatives"]
        assert booking["starts_at"] not in [offer["starts_at"] for offer in offers]


class TestNotice:
    def test_holds_until_its_last_moment(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(cancellation_notice_minutes=60)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        path = f"/bookings/{made(shop.book(cut, '10:00', by=shop.client()))['id']}"
        clock.set("2030-01-08T09:00:00Z")

        assert made(shop.client().delete(path))["status"] == "cancelled"


class TestPending:
    def test_cannot_be_confirmed_at_its_start(
        self, new_shop: MakeShop, clock: SettableClock
    ) -> None:
        shop = new_shop(auto_confirm=False)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        path = f"/bookings/{made(shop.book(cut, '10:00', by=shop.client()))['id']}"
        clock.set("2030-01-08T10:00:00Z")

        refused(shop.manager.put(path, status="confirmed"), 409, "invalid-transition")


class TestCapacity:
    def test_may_grow_around_a_booking_that_was_alone(self, shop: Shop) -> None:
        yoga = shop.add_service(60)
        shop.add_provider(yoga, ends="11:00")
        made(shop.book(yoga, "09:00"))
        made(shop.manager.put(f"/services/{yoga['id']}", capacity=5))

        offered = shop.free(yoga)

        assert offered == ["10:00"]
        refused(shop.book(yoga, "09:00"), 409, "slot-taken")


class TestDeletedService:
    def test_is_no_longer_anybodys(self, shop: Shop) -> None:
        cut = shop.add_service()
        anna = shop.add_provider(cut)
        path = f"/providers/{anna['id']}"
        before = shop.manager.get(path).headers["etag"]
        assert shop.manager.delete(f"/services/{cut['id']}").status_code == 204

        answer = shop.manager.get(path)

        after = made(answer)
        assert after["service_ids"] == []
        assert answer.headers["etag"] != before
        made(shop.manager.put(path, service_ids=after["service_ids"]))


Lock = Callable[[Session], None]


def waits(parts: Parts, shop: Shop, take: Lock, ask: Callable[[], httpx.Response]) -> bool:
    """Whether a request waits while another transaction holds a lock of the shop."""
    done = threading.Event()

    def run() -> None:
        made(ask())
        done.set()

    worker = threading.Thread(target=run)
    with parts.database.shop_transaction(bound(parts.shops.get(shop.slug))) as session:
        take(session)
        worker.start()
        waited = not done.wait(1.0)
    worker.join(30)
    assert done.is_set()
    return waited


class TestScheduleKey:
    def test_keeps_bookings_waiting_while_the_rules_change(
        self, new_shop: MakeShop, clock: SettableClock, parts: Parts
    ) -> None:
        own, other = new_shop(), new_shop()
        cut = own.add_service(60)
        own.add_provider(cut)

        assert waits(parts, own, locks.change_schedule, lambda: own.book(cut, "10:00"))
        # Another shop's key is another.
        assert not waits(
            parts, other, locks.change_schedule, lambda: own.book(cut, "11:00")
        )


class TestResourceKeys:
    """Two moves of one provider at once could deadlock: they take turns."""

    def test_keep_moves_waiting_and_nothing_else(self, shop: Shop, parts: Parts) -> None:
        cut = shop.add_service(60)
        anna = shop.add_provider(cut)
        bea = shop.add_provider(cut, name="Bea")
        path = f"/bookings/{made(shop.book(cut, '09:00', anna))['id']}"

        def hold(provider: JsonObject) -> Lock:
            return lambda session: locks.move_between(session, [uuid.UUID(provider["id"])])

        def move(at: str) -> Callable[[], httpx.Response]:
            return lambda: shop.manager.put(path, starts_at=instant(at))

        assert waits(parts, shop, hold(anna), move("10:00"))
        assert not waits(parts, shop, hold(bea), move("11:00"))
        assert not waits(parts, shop, hold(anna), lambda: shop.book(cut, "12:00", anna))

    def test_keep_teams_waiting_for_moves_but_not_for_each_other(
        self, shop: Shop, parts: Parts
    ) -> None:
        cut = shop.add_service(60)
        ids = [shop.add_provider(cut, name=name)["id"] for name in "AB"]
        together: JsonObject = {"provider_ids": ids, "provider_mode": "all"}

        def move(session: Session) -> None:
            locks.move_between(session, [uuid.UUID(ids[1])])

        def book_a_team(session: Session) -> None:
            locks.share_resources(session, map(uuid.UUID, ids))

        def team(at: str) -> Callable[[], httpx.Response]:
            return lambda: shop.book(cut, at, **together)

        assert waits(parts, shop, move, team("10:00"))
        assert not waits(parts, shop, book_a_team, team("11:00"))

    def test_keep_walk_ins_waiting_for_moves(
        self, shop: Shop, parts: Parts, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T10:00:00Z")
        cut = shop.add_service(60)
        anna = uuid.UUID(shop.add_provider(cut)["id"])
        walk_in = made(shop.manager.post("/walk-ins", service_id=cut["id"]))

        def move(session: Session) -> None:
            locks.move_between(session, [anna])

        def start() -> httpx.Response:
            return shop.manager.put(f"/walk-ins/{walk_in['id']}", status="in_service")

        assert waits(parts, shop, move, start)


class TestUnknownIds:
    def test_in_a_list_of_services_are_not_found(
        self, shop: Shop, new_shop: MakeShop
    ) -> None:
        foreign = new_shop().add_service()["id"]

        answers = [
            shop.manager.post("/providers", name="Anna", service_ids=[service])
            for service in (foreign, str(uuid.uuid4()))
        ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({answer.json()["detail"] for answer in answers}) == 1
