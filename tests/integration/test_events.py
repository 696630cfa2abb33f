"""The outbox and the relay."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, text

from booking_service.app import Parts
from booking_service.events.cloudevents import CloudEvent
from booking_service.events.outbox import EXPIRY, WALK_IN_EXPIRY
from booking_service.events.relay import Relay
from booking_service.events.routes import EverythingTo
from booking_service.services.booking_changes import expire_booking
from booking_service.services.walk_in_changes import expire_walk_in
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import JsonObject, Shop, instant, made


class Recorder:
    """A sink that remembers what it got, and fails when it is told to."""

    def __init__(self) -> None:
        self.events: list[CloudEvent] = []
        self.failures = 0

    def deliver(self, event: CloudEvent) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("nobody there")
        self.events.append(event)

    def of(self, parts: Parts, shop: Shop) -> Sequence[CloudEvent]:
        shop_id = bound(parts.shops.get(shop.slug)).id
        return [event for event in self.events if event.shop_id == shop_id]


@pytest.fixture
def sink() -> Recorder:
    return Recorder()


@pytest.fixture
def relay(parts: Parts, sink: Recorder, clock: SettableClock) -> Relay:
    return Relay(
        parts.database,
        EverythingTo(sink),
        on_timer={EXPIRY: expire_booking, WALK_IN_EXPIRY: expire_walk_in},
        clock=clock,
    )


@pytest.fixture(autouse=True)
def nothing_left_over(superuser: Engine) -> None:
    """What earlier tests have announced is not this test's business."""
    with superuser.begin() as connection:
        connection.execute(text("delete from control.outbox"))
        connection.execute(text("delete from control.leases"))
        connection.execute(text("delete from control.timers"))


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    cut = shop.add_service(60)
    shop.add_provider(cut)
    return cut


class TestEvents:
    def test_tell_the_life_of_a_booking_in_order(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder, parts: Parts
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        path = f"/bookings/{booking['id']}"
        made(shop.manager.put(path, notes="by the window"))
        made(shop.manager.put(path, starts_at=instant("12:00")))
        made(shop.manager.delete(path, reason="ill"))

        relay.work()

        events = sink.of(parts, shop)
        assert [event.type for event in events] == [
            "booking.created",
            "booking.updated",
            "booking.rescheduled",
            "booking.cancelled",
        ]
        assert [event.sequence for event in events] == [1, 2, 3, 4]
        assert {str(event.subject) for event in events} == {booking["id"]}
        assert events[2].payload["previous_starts_at"] == instant("10:00")
        assert events[3].payload["reason"] == "ill"
        assert events[3].payload["by"] == "manager"

    def test_tell_the_life_of_a_walk_in_in_order(
        self,
        shop: Shop,
        cut: JsonObject,
        relay: Relay,
        sink: Recorder,
        parts: Parts,
        clock: SettableClock,
    ) -> None:
        clock.set(instant("10:00"))
        walk_in = made(shop.manager.post("/walk-ins", service_id=cut["id"], name="Dana"))
        path = f"/walk-ins/{walk_in['id']}"
        made(shop.manager.put(path, name="Dan"))
        for status in ("called", "waiting", "called", "in_service", "done"):
            made(shop.manager.put(path, status=status))
        gone = made(shop.client().post("/walk-ins", service_id=cut["id"]))
        made(shop.client().put(f"/walk-ins/{gone['id']}", status="left"))

        relay.work()

        events = sink.of(parts, shop)
        of_first = [each for each in events if str(each.subject) == walk_in["id"]]
        assert [event.type for event in of_first] == [
            "walk_in.joined",
            "walk_in.updated",
            "walk_in.called",
            "walk_in.updated",
            "walk_in.called",
            "walk_in.started",
            "walk_in.finished",
        ]
        assert [event.sequence for event in of_first] == [1, 2, 3, 4, 5, 6, 7]
        assert of_first[-1].payload["started_at"] == instant("10:00")
        assert of_first[-1].payload["by"] == "manager"
        assert "Dan" not in str([event.payload for event in events])
        left = next(each for each in events if each.type == "walk_in.left")
        assert (left.payload["by"], left.payload["expired"]) == ("client", False)

    def test_and_timers_let_go_of_those_who_do_not_come(
        self,
        shop: Shop,
        cut: JsonObject,
        relay: Relay,
        sink: Recorder,
        parts: Parts,
        clock: SettableClock,
    ) -> None:
        clock.set(instant("10:00"))
        called, waiting = (
            made(shop.manager.post("/walk-ins", service_id=cut["id"])) for _ in range(2)
        )
        made(shop.manager.put(f"/walk-ins/{called['id']}", status="called"))

        def left() -> list[str]:
            relay.work()
            relay.work()
            return [
                str(each.subject)
                for each in sink.of(parts, shop)
                if each.type == "walk_in.left" and each.payload["expired"]
            ]

        clock.set("2030-01-08T10:09:59Z")
        assert left() == []
        clock.set(instant("10:10"))
        assert left() == [called["id"]]
        clock.set("2030-01-09T10:00:00Z")
        assert left() == [called["id"], waiting["id"]]

    def test_are_cloudevents(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder, parts: Parts
    ) -> None:
        booking = made(shop.book(cut, "10:00"))

        relay.work()

        (event,) = sink.of(parts, shop)
        document = event.document()
        assert document["specversion"] == "1.0"
        assert document["source"] == f"/shops/{event.shop_id}"
        assert document["subject"] == booking["id"]
        assert document["time"] == "2030-01-07T06:00:00Z"

    def test_hold_no_contact_details(
        self, shop: Shop, cut: JsonObject, superuser: Engine
    ) -> None:
        client = {
            "name": "Dana Secret",
            "email": "dana@secret.example",
            "phone": "+49 30 99",
        }
        made(shop.book(cut, "10:00", client=client))

        with superuser.connect() as connection:
            stored = str(
                connection.execute(text("select payload from control.outbox")).all()
            )
        assert not any(detail in stored for detail in client.values())

    def test_of_a_refused_change_are_not_written(
        self, shop: Shop, cut: JsonObject, superuser: Engine
    ) -> None:
        made(shop.book(cut, "10:00"))

        assert shop.book(cut, "10:00").status_code == 409

        with superuser.connect() as connection:
            count = connection.execute(text("select count(*) from control.outbox"))
            assert count.scalar_one() == 1

    @pytest.mark.parametrize("status", ["completed", "no_show"])
    def test_tell_how_it_ended(
        self,
        shop: Shop,
        cut: JsonObject,
        relay: Relay,
        sink: Recorder,
        parts: Parts,
        clock: SettableClock,
        status: str,
    ) -> None:
        booking = made(shop.book(cut, "10:00"))
        clock.set(instant("10:30"))
        made(shop.manager.put(f"/bookings/{booking['id']}", status=status))

        relay.work()

        assert sink.of(parts, shop)[-1].type == f"booking.{status}"


class TestRelay:
    def test_delivers_each_event_once_when_all_is_well(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder
    ) -> None:
        for hour in range(9, 13):
            made(shop.book(cut, f"{hour:02}:00"))

        relay.work()
        relay.work()

        assert [event.number for event in sink.events] == [1, 2, 3, 4]

    def test_tries_again_in_the_same_order_after_a_failure(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder
    ) -> None:
        for hour in range(9, 12):
            made(shop.book(cut, f"{hour:02}:00"))
        sink.failures = 1

        relay.work()
        assert sink.events == []
        relay.work()

        assert [event.number for event in sink.events] == [1, 2, 3]

    def test_one_shop_is_served_by_one_relay(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder, parts: Parts
    ) -> None:
        late = Recorder()
        other = Relay(parts.database, EverythingTo(late), on_timer={}, clock=parts.clock)
        made(shop.book(cut, "10:00"))
        relay.work()
        made(shop.book(cut, "11:00"))

        other.work()

        assert late.events == []

    def test_another_takes_over_when_a_lease_has_run_out(
        self, shop: Shop, cut: JsonObject, relay: Relay, parts: Parts, superuser: Engine
    ) -> None:
        heir = Recorder()
        other = Relay(parts.database, EverythingTo(heir), on_timer={}, clock=parts.clock)
        made(shop.book(cut, "10:00"))
        relay.work()
        made(shop.book(cut, "11:00"))
        with superuser.begin() as connection:
            connection.execute(text("update control.leases set expires_at = now()"))

        other.work()

        assert [event.number for event in heir.events] == [2]

    def test_numbers_each_shops_events_on_their_own(
        self, new_shop: MakeShop, relay: Relay, sink: Recorder, clock: SettableClock
    ) -> None:
        for _ in range(2):
            shop = new_shop()
            cut = shop.add_service(60)
            shop.add_provider(cut)
            made(shop.book(cut, "10:00"))

        relay.work()

        assert [event.number for event in sink.events] == [1, 1]

    def test_delivers_the_last_events_of_a_deleted_shop(
        self, shop: Shop, cut: JsonObject, relay: Relay, sink: Recorder, parts: Parts
    ) -> None:
        made(shop.book(cut, "10:00"))
        parts.shops.delete(shop.slug, now=parts.clock())

        relay.work()

        assert [event.type for event in sink.events] == ["booking.created"]
        assert relay.work() == 0

    def test_goes_on_with_others_when_one_shop_is_broken(
        self,
        new_shop: MakeShop,
        relay: Relay,
        parts: Parts,
        superuser: Engine,
        clock: SettableClock,
    ) -> None:
        broken, sound = new_shop(auto_confirm=False), new_shop(auto_confirm=False)
        paths = []
        for shop in (broken, sound):
            cut = shop.add_service(60)
            shop.add_provider(cut)
            paths.append(
                f"/bookings/{made(shop.book(cut, '10:00', by=shop.client()))['id']}"
            )
        with superuser.begin() as connection:
            schema = parts.shops.get(broken.slug).schema
            connection.execute(text(f'alter table "{schema}".bookings rename to away'))
        clock.set("2030-01-08T10:00:00Z")

        relay.work()

        assert made(sound.manager.get(paths[1]))["status"] == "cancelled"

    def test_runs_until_it_is_stopped(
        self, shop: Shop, cut: JsonObject, parts: Parts
    ) -> None:
        arrived, stop = threading.Event(), threading.Event()

        class Bell:
            def deliver(self, event: CloudEvent) -> None:
                arrived.set()

        relay = Relay(parts.database, EverythingTo(Bell()), on_timer={}, clock=parts.clock)
        worker = threading.Thread(target=relay.run, args=(stop,))
        worker.start()

        made(shop.book(cut, "10:00"))
        has_arrived = arrived.wait(10)
        stop.set()
        worker.join(10)

        assert has_arrived
        assert not worker.is_alive()


class TestExpiry:
    @pytest.fixture
    def waiting(self, new_shop: MakeShop, clock: SettableClock) -> tuple[Shop, str]:
        shop = new_shop(auto_confirm=False)
        cut = shop.add_service(60)
        shop.add_provider(cut)
        booking = made(shop.book(cut, "10:00", by=shop.client()))
        return shop, f"/bookings/{booking['id']}"

    def test_cancels_a_booking_that_still_waits_at_its_start(
        self, waiting: tuple[Shop, str], relay: Relay, clock: SettableClock
    ) -> None:
        shop, path = waiting
        clock.set("2030-01-08T09:59:59Z")
        relay.work()
        before = made(shop.manager.get(path))["status"]
        clock.set("2030-01-08T10:00:00Z")

        relay.work()

        after = made(shop.manager.get(path))
        assert before == "pending"
        assert (after["status"], after["cancellation_reason"]) == ("cancelled", "expired")

    def test_leaves_a_confirmed_one_alone(
        self, waiting: tuple[Shop, str], relay: Relay, clock: SettableClock
    ) -> None:
        shop, path = waiting
        made(shop.manager.put(path, status="confirmed"))
        clock.set("2030-01-08T11:00:00Z")

        relay.work()

        assert made(shop.manager.get(path))["status"] == "confirmed"

    def test_goes_by_the_new_time_of_one_that_moved(
        self, waiting: tuple[Shop, str], relay: Relay, clock: SettableClock
    ) -> None:
        shop, path = waiting
        made(shop.client().put(path, starts_at=instant("14:00")))
        clock.set("2030-01-08T10:30:00Z")
        relay.work()
        at_old_time = made(shop.manager.get(path))["status"]
        clock.set("2030-01-08T14:00:00Z")

        relay.work()

        assert at_old_time == "pending"
        assert made(shop.manager.get(path))["status"] == "cancelled"

    def test_of_a_shop_that_is_gone_is_dropped(
        self, waiting: tuple[Shop, str], relay: Relay, clock: SettableClock, parts: Parts
    ) -> None:
        shop, _ = waiting
        parts.shops.delete(shop.slug, now=parts.clock())
        parts.shops.purge(now=None)
        clock.set("2030-01-08T10:00:00Z")

        assert relay.work() == 0
