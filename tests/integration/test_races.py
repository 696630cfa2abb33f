"""Many at once: real connections, a barrier, exactly as many winners as places."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from booking_service.app import Parts, assemble
from booking_service.domain.actors import Actor, Role, Scope
from booking_service.errors import SlotTaken
from booking_service.services.bookings import NewBooking, create_booking
from booking_service.services.scheduling import Candidates
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.databases import TestDatabase, one_value
from tests.integration.driver import JsonObject, Shop, instant, made

THREADS = 64


def at_once(*tasks: Callable[[], int]) -> Counter[int]:
    """Run the tasks at the same moment and count what they return."""
    start = threading.Barrier(len(tasks))
    results: list[int] = []

    def run(task: Callable[[], int]) -> None:
        start.wait()
        results.append(task())

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(tasks)
    return Counter(results)


def book_at_once(
    shop: Shop,
    service: JsonObject,
    starts: Sequence[str],
    provider: JsonObject | None = None,
) -> Counter[int]:
    def task(at: str) -> Callable[[], int]:
        return lambda: shop.book(service, at, provider).status_code

    return at_once(*(task(at) for at in starts))


def overlapping_allocations(superuser: Engine, parts: Parts, shop: Shop) -> int:
    schema = parts.shops.get(shop.slug).schema
    query = text(
        f'select count(*) from "{schema}".allocations a join "{schema}".allocations b'
        " on a.resource_id = b.resource_id and a.blocked && b.blocked"
        " and a.session_id < b.session_id"
    )
    with superuser.connect() as connection:
        return int(connection.execute(query).scalar_one())


@pytest.fixture(autouse=True)
def no_deadlock(database: TestDatabase, superuser: Engine) -> Iterator[None]:
    """The server counts no new deadlock, nor does its log tell of one."""

    def deadlocks() -> int:
        counted = one_value(superuser, "select sum(deadlocks) from pg_stat_database")
        logged = database.log.read_text().count("deadlock detected") if database.log else 0
        return int(str(counted)) + logged

    before = deadlocks()
    yield
    assert deadlocks() == before


class TestOneSlot:
    def test_of_64_transactions_has_one_winner(self, shop: Shop, parts: Parts) -> None:
        """Beneath HTTP, whose threads are fewer: a connection for each."""
        cut, shop_of = shop.add_service(60), bound(parts.shops.get(shop.slug))
        anna = shop.add_provider(cut)
        many = assemble(replace(parts.settings, pool_size=THREADS))
        wanted = NewBooking(
            service_id=uuid.UUID(cut["id"]),
            candidates=Candidates([uuid.UUID(anna["id"])]),
            starts_at=dt.datetime(2030, 1, 8, 10, tzinfo=dt.UTC),
            client={"name": "Dana"},
        )
        actor = Actor(Role.MANAGER, "mia", Scope.ALL)

        def book() -> int:
            try:
                with many.database.shop_transaction(shop_of) as session:
                    create_booking(session, wanted=wanted, actor=actor, now=parts.clock())
            except SlotTaken:
                return 409
            return 201

        statuses = at_once(*[book] * THREADS)
        many.database.dispose()

        assert statuses == {201: 1, 409: THREADS - 1}

    def test_has_one_winner(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        anna = shop.add_provider(cut)

        statuses = book_at_once(shop, cut, ["10:00"] * THREADS, anna)

        assert statuses == {201: 1, 409: THREADS - 1}
        assert len(made(shop.manager.get("/bookings"))["items"]) == 1

    def test_without_the_constraint_has_many(
        self, shop: Shop, parts: Parts, superuser: Engine
    ) -> None:
        """The control: it is the constraint that decides, and the test sees it."""
        cut = shop.add_service(60)
        anna = shop.add_provider(cut)
        schema = parts.shops.get(shop.slug).schema
        with superuser.begin() as connection:
            table = f'"{schema}".allocations'
            connection.execute(
                text(f"alter table {table} drop constraint allocations_no_overlap")
            )

        winners = book_at_once(shop, cut, ["10:00"] * THREADS, anna)[201]

        assert winners > 1
        assert overlapping_allocations(superuser, parts, shop) > 0

    def test_overlapping_ones_have_one_winner(
        self, shop: Shop, parts: Parts, superuser: Engine
    ) -> None:
        cut = shop.add_service(60, slot_interval_minutes=15)
        anna = shop.add_provider(cut)
        starts = ["10:00", "10:15", "10:30", "10:45"] * 8

        statuses = book_at_once(shop, cut, starts, anna)

        assert statuses[201] in (1, 2)
        assert statuses[201] + statuses[409] == len(starts)
        assert overlapping_allocations(superuser, parts, shop) == 0


class TestAnyProvider:
    def test_as_many_win_as_there_are(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        for name in ("Anna", "Bea", "Cleo"):
            shop.add_provider(cut, name=name)

        statuses = book_at_once(shop, cut, ["10:00"] * 24)

        assert statuses == {201: 3, 409: 21}


class TestLastSeats:
    def test_have_one_winner_each(self, shop: Shop) -> None:
        yoga = shop.add_service(60, capacity=5)
        anna = shop.add_provider(yoga)

        statuses = book_at_once(shop, yoga, ["10:00"] * 32, anna)

        assert statuses == {201: 5, 409: 27}

    def test_the_very_last_one_has_one(self, shop: Shop) -> None:
        yoga = shop.add_service(60, capacity=3)
        anna = shop.add_provider(yoga)
        for _ in range(2):
            made(shop.book(yoga, "10:00", anna))

        statuses = book_at_once(shop, yoga, ["10:00"] * THREADS, anna)

        assert statuses == {201: 1, 409: THREADS - 1}


class TestDailyCap:
    def test_is_never_passed(self, shop: Shop) -> None:
        cut = shop.add_service(5, max_per_day=3)
        anna = shop.add_provider(cut)
        steps = (dt.timedelta(minutes=5 * number) for number in range(THREADS))
        nine = dt.datetime(2030, 1, 8, 9)  # noqa: DTZ001 - of a wall clock
        starts = [f"{nine + step:%H:%M}" for step in steps]

        statuses = book_at_once(shop, cut, starts, anna)

        assert statuses == {201: 3, 409: THREADS - 3}


class TestMoves:
    def test_to_one_target_have_one_winner(
        self, shop: Shop, parts: Parts, superuser: Engine
    ) -> None:
        cut = shop.add_service(5)
        anna = shop.add_provider(cut)
        nine = dt.datetime(2030, 1, 8, 9, tzinfo=dt.UTC)
        starts = (nine + dt.timedelta(minutes=5 * number) for number in range(THREADS))
        ids = [made(shop.book(cut, each.isoformat(), anna))["id"] for each in starts]

        def move(booking: str) -> Callable[[], int]:
            body = {"starts_at": instant("16:00")}
            return lambda: shop.manager.put(f"/bookings/{booking}", **body).status_code

        statuses = at_once(*(move(booking) for booking in ids))

        assert statuses == {200: 1, 409: len(ids) - 1}
        assert overlapping_allocations(superuser, parts, shop) == 0

    def test_that_swap_places_do_not_deadlock(
        self, shop: Shop, parts: Parts, superuser: Engine
    ) -> None:
        cut = shop.add_service(30)
        anna, bea = shop.add_provider(cut), shop.add_provider(cut, name="Bea")
        places = [(anna, "09:00"), (bea, "10:00"), (anna, "11:00"), (bea, "12:00")]
        ids = [made(shop.book(cut, at, provider))["id"] for provider, at in places]

        def move(booking: str, place: tuple[JsonObject, str]) -> Callable[[], int]:
            body = {"starts_at": instant(place[1]), "provider_id": place[0]["id"]}
            return lambda: shop.manager.put(f"/bookings/{booking}", **body).status_code

        tasks = [move(booking, place) for booking in ids for place in places]
        statuses = at_once(*tasks)

        assert set(statuses) <= {200, 409}
        assert overlapping_allocations(superuser, parts, shop) == 0


class TestCancellation:
    def test_happens_once(self, shop: Shop, superuser: Engine) -> None:
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00"))
        path = f"/bookings/{booking['id']}"

        statuses = at_once(*[lambda: shop.manager.delete(path).status_code] * 16)

        assert statuses == {200: 16}
        with superuser.connect() as connection:
            query = text("select count(*) from control.outbox where subject = :booking")
            assert connection.execute(query, {"booking": booking["id"]}).scalar_one() == 2


class TestWalkIns:
    def test_start_one_by_one(
        self, shop: Shop, parts: Parts, superuser: Engine, clock: SettableClock
    ) -> None:
        clock.set("2030-01-08T10:00:00Z")
        cut = shop.add_service(30, resource_kinds=["chair"])
        shop.add_provider(cut)
        shop.add_provider(cut, name="Bea")
        made(shop.manager.post("/resources", name="A", kind="chair"))
        paths = [
            f"/walk-ins/{made(shop.manager.post('/walk-ins', service_id=cut['id']))['id']}"
            for _ in range(16)
        ]

        def start(path: str) -> Callable[[], int]:
            return lambda: shop.manager.put(path, status="in_service").status_code

        def book() -> int:
            return shop.book(cut, "10:00").status_code

        statuses = at_once(*(start(path) for path in paths), *[book] * 48)

        assert sum(statuses[status] for status in (200, 201)) == 1
        assert set(statuses) <= {200, 201, 409}
        assert overlapping_allocations(superuser, parts, shop) == 0

    def test_are_joined_by_a_client_once(self, shop: Shop) -> None:
        cut = shop.add_service(30)
        shop.add_provider(cut)
        dana = shop.client("dana")

        def join() -> int:
            return dana.post("/walk-ins", service_id=cut["id"]).status_code

        assert at_once(*[join] * 16) == {201: 1, 409: 15}


class TestRules:
    def test_change_before_or_after_a_booking_but_not_under_it(self, shop: Shop) -> None:
        cut = shop.add_service(60)
        anna = shop.add_provider(cut)

        def close() -> int:
            body = {"starts_on": "2030-01-08", "ends_on": "2030-01-08"}
            return shop.manager.post("/closures", **body).status_code

        bookings = [
            lambda hour=hour: shop.book(cut, f"{hour:02}:00", anna).status_code
            for hour in range(9, 17)
        ]
        statuses = at_once(close, *bookings)

        assert set(statuses) <= {201, 409}
        assert shop.book(cut, "09:00", anna).status_code == 409


class TestOneClient:
    def test_books_much_at_once_with_its_own_details(self, shop: Shop) -> None:
        cut = shop.add_service(30, max_per_day=100)
        anna = shop.add_provider(cut)
        dana = shop.client("dana")
        me = made(dana.get("/clients/me"))["id"]

        def by_client(at: str, number: int) -> Callable[[], int]:
            details = {"name": f"Dana {number}"}
            return lambda: shop.book(cut, at, anna, by=dana, client=details).status_code

        def by_manager(at: str) -> Callable[[], int]:
            return lambda: shop.book(cut, at, anna, client_id=me).status_code

        hours = [f"{hour:02}" for hour in range(9, 17)]
        tasks = [by_client(f"{hour}:00", n) for n, hour in enumerate(hours)]
        tasks += [by_manager(f"{hour}:30") for hour in hours]

        assert at_once(*tasks) == {201: len(tasks)}


class TestFirstUse:
    def test_makes_one_record(self, shop: Shop) -> None:
        me = shop.client("newcomer")

        statuses = at_once(*[lambda: me.get("/clients/me").status_code] * 16)

        assert statuses == {200: 16}
        assert len(made(shop.manager.get("/clients"))["items"]) == 1
