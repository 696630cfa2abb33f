"""A creation that is asked for twice is done once."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import pytest
from sqlalchemy import Engine

from booking_service.app import Parts, relay
from booking_service.domain.actors import Role
from booking_service.repositories import idempotency as kept
from booking_service.services import idempotency
from booking_service.services.housekeeping import Housekeeping
from tenants.registry import bound
from tests.clocks import SettableClock
from tests.databases import one_value
from tests.integration.conftest import MakeShop
from tests.integration.driver import Caller, JsonObject, Shop, instant, made, refused
from tests.integration.test_races import at_once

KEY = "Idempotency-Key"


def send(caller: Caller, path: str, key: str, **body: Any) -> httpx.Response:
    return caller("POST", path, json=body, headers={KEY: key})


@dataclass
class Creation:
    """One creating operation, and two bodies for it."""

    path: str
    body: JsonObject
    other: JsonObject


@pytest.fixture
def creations(shop: Shop) -> dict[str, Creation]:
    cut = shop.add_service()
    anna = shop.add_provider(cut)
    day = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
    later = {"starts_on": "2031-02-01", "ends_on": "2031-02-02"}
    dana = {"service_id": cut["id"], "client": {"name": "Dana"}}
    return {
        "services": Creation(
            "/services",
            {"name": "Cut", "duration_minutes": 30},
            {"name": "Cut", "duration_minutes": 60},
        ),
        "providers": Creation("/providers", {"name": "Anna"}, {"name": "Bert"}),
        "clients": Creation("/clients", {"name": "Dana"}, {"name": "Emil"}),
        "closures": Creation("/closures", day, later),
        "time off": Creation(f"/providers/{anna['id']}/time-off", day, later),
        "bookings": Creation(
            "/bookings",
            {**dana, "starts_at": instant("10:00")},
            {**dana, "starts_at": instant("11:00")},
        ),
    }


KINDS = ["services", "providers", "clients", "closures", "time off", "bookings"]


class TestCreateOnce:
    @pytest.mark.parametrize("kind", KINDS)
    def test_answers_as_the_first_time(
        self, shop: Shop, creations: dict[str, Creation], kind: str
    ) -> None:
        asked = creations[kind]

        first = send(shop.manager, asked.path, "a key", **asked.body)
        second = send(shop.manager, asked.path, "a key", **asked.body)

        assert first.status_code == second.status_code == 201
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"
        for name in ("location", "etag"):
            assert second.headers[name] == first.headers[name]
        assert second.content == first.content
        assert made(shop.manager.get(first.headers["location"])) == first.json()

    @pytest.mark.parametrize("kind", KINDS)
    def test_refuses_the_key_for_another_body(
        self, shop: Shop, creations: dict[str, Creation], kind: str
    ) -> None:
        asked = creations[kind]
        made(send(shop.manager, asked.path, "a key", **asked.body))

        refused(send(shop.manager, asked.path, "a key", **asked.other), 422, "key-reused")

    def test_takes_the_same_members_in_another_order(self, shop: Shop) -> None:
        body = '{"name": "Cut", "duration_minutes": 30}'
        turned = '{"duration_minutes":30,"name":"Cut"}'
        headers = {KEY: "a key", "Content-Type": "application/json"}

        answers = [
            shop.manager("POST", "/services", content=each, headers=headers)
            for each in (body, turned)
        ]

        assert made(answers[0]) == made(answers[1])

    def test_does_new_work_for_each_bearer_operation_and_key(self, shop: Shop) -> None:
        body = {"name": "Dana"}
        other_manager = shop.caller(Role.MANAGER, "max")

        ids = {
            made(send(shop.manager, "/clients", "k", **body))["id"],
            made(send(shop.manager, "/clients", "l", **body))["id"],
            made(send(other_manager, "/clients", "k", **body))["id"],
            made(send(shop.manager, "/providers", "k", **body))["id"],
        }

        assert len(ids) == 4

    def test_does_new_work_for_each_role_of_a_subject(self, shop: Shop) -> None:
        cut = shop.add_service()
        shop.add_provider(cut)
        shop.add_provider(cut)
        wanted = {"service_id": cut["id"], "starts_at": instant("10:00")}
        client, manager = (
            shop.caller(role, "both") for role in (Role.CLIENT, Role.MANAGER)
        )

        ids = {
            made(send(client, "/bookings", "k", **wanted, client={"name": "D"}))["id"],
            made(send(manager, "/bookings", "k", **wanted, client={"name": "D"}))["id"],
        }

        assert len(ids) == 2

    def test_refuses_the_key_for_another_path(self, shop: Shop) -> None:
        anna, bert = shop.add_provider(), shop.add_provider(name="Bert")
        days = {"starts_on": "2031-01-01", "ends_on": "2031-01-02"}
        made(send(shop.manager, f"/providers/{anna['id']}/time-off", "k", **days))

        answer = send(shop.manager, f"/providers/{bert['id']}/time-off", "k", **days)

        refused(answer, 422, "key-reused")

    def test_does_new_work_in_each_shop(self, new_shop: MakeShop) -> None:
        one, other = new_shop(), new_shop()

        ids = {
            made(send(each.manager, "/clients", "k", name="Dana"))["id"]
            for each in (one, other)
        }

        assert len(ids) == 2

    def test_judges_a_refused_request_again(self, shop: Shop) -> None:
        cut = shop.add_service()
        anna = shop.add_provider(cut)
        first = made(shop.book(cut, "10:00", anna))
        wanted = {
            "service_id": cut["id"],
            "starts_at": instant("10:00"),
            "client": {"name": "Dana"},
        }
        refused(send(shop.manager, "/bookings", "k", **wanted), 409, "slot-taken")
        made(shop.manager.delete(f"/bookings/{first['id']}"))

        answer = send(shop.manager, "/bookings", "k", **wanted)

        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers

    def test_answers_though_what_was_made_is_gone(self, shop: Shop) -> None:
        first = send(shop.manager, "/providers", "k", name="Anna")
        assert shop.manager.delete(first.headers["location"]).status_code == 204

        again = send(shop.manager, "/providers", "k", name="Anna")

        assert again.content == first.content

    @pytest.mark.parametrize("key", ["", "k" * 256, "ümlaut"])
    def test_names_a_key_that_cannot_be(self, shop: Shop, key: str) -> None:
        headers = {KEY: key.encode()}

        answer = shop.manager("POST", "/clients", json={"name": "D"}, headers=headers)

        problem = refused(answer, 400, "invalid-input")
        assert problem["errors"][0]["pointer"] == "#/header/Idempotency-Key"

    def test_tells_that_the_same_request_is_being_answered(
        self, shop: Shop, parts: Parts
    ) -> None:
        """While the first one's transaction is open, the key is taken."""
        seen: list[uuid.UUID] = []
        original = kept.try_lock

        def remembering(session: Any, key: uuid.UUID) -> bool:
            seen.append(key)
            return original(session, key)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kept, "try_lock", remembering)
            made(send(shop.manager, "/clients", "k", name="Dana"))
            with parts.database.shop_transaction(
                bound(parts.shops.get(shop.slug))
            ) as session:
                assert original(session, seen[0])
                answer = send(shop.manager, "/clients", "k", name="Dana")

        refused(answer, 409, "request-in-flight")
        assert answer.headers["retry-after"] == "1"

    def test_makes_one_booking_of_a_hundred_equal_requests(self, shop: Shop) -> None:
        cut = shop.add_service()
        shop.add_provider(cut)
        shop.add_provider(cut)  # without the key there were two
        wanted = {
            "service_id": cut["id"],
            "starts_at": instant("10:00"),
            "client": {"name": "Dana"},
        }

        def ask() -> int:
            return send(shop.manager, "/bookings", "k", **wanted).status_code

        statuses = at_once(*[ask] * 100)

        assert set(statuses) <= {201, 409}
        assert statuses[201] >= 1
        assert len(made(shop.manager.get("/bookings"))["items"]) == 1


class TestCreateShopOnce:
    BODY: ClassVar = {"slug": "once-only", "name": "Once", "timezone": "UTC"}

    def test_answers_as_the_first_time(self, platform: Caller) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}

        first = send(platform, "/platform/shops", "k1", **body)
        second = send(platform, "/platform/shops", "k1", **body)

        assert made(first) == made(second)
        assert first.status_code == second.status_code == 201
        assert second.headers["idempotent-replayed"] == "true"
        refused(platform.post("/platform/shops", **body), 409, "slug-in-use")

    def test_refuses_the_key_for_another_shop(self, platform: Caller) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}
        made(send(platform, "/platform/shops", "k2", **body))

        answer = send(platform, "/platform/shops", "k2", **body | {"slug": "another"})

        refused(answer, 422, "key-reused")
        refused(platform.get("/platform/shops/another"), 404, "not-found")

    def test_makes_one_shop_of_many_equal_requests(self, platform: Caller) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}

        answers: list[httpx.Response] = []

        def ask() -> int:
            answers.append(send(platform, "/platform/shops", "k3", **body))
            return answers[-1].status_code

        statuses = at_once(*[ask] * 8)

        assert set(statuses) <= {201, 409}
        assert statuses[201] >= 1
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "request-in-flight")
        again = send(platform, "/platform/shops", "k3", **body)
        assert again.status_code == 201
        assert again.headers["idempotent-replayed"] == "true"

    def test_an_answer_that_was_given_is_not_forgotten(
        self, platform: Caller, parts: Parts
    ) -> None:
        """Who takes up a shop that is just being opened does not undo its answer."""
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}
        provisioner = parts.shops._provisioner
        original = provisioner._activate
        second: list[int] = []

        def opening(session: Any, record: Any, role: str) -> Any:
            opened = original(session, record, role)
            racer = threading.Thread(
                target=lambda: second.append(
                    send(platform, "/platform/shops", "k5", **body).status_code
                )
            )
            racers.append(racer)
            racer.start()
            time.sleep(0.3)  # not awaited: the other waits for this transaction
            return opened

        racers: list[threading.Thread] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(provisioner, "_activate", opening)
            first = send(platform, "/platform/shops", "k5", **body)
        for racer in racers:
            racer.join()
        again = send(platform, "/platform/shops", "k5", **body)

        assert first.status_code == again.status_code == 201
        assert second == [201]

    def test_a_slug_of_anothers_is_refused_with_a_key_too(self, platform: Caller) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}
        made(platform.post("/platform/shops", **body))

        for _ in range(2):
            refused(send(platform, "/platform/shops", "k6", **body), 409, "slug-in-use")

    def test_a_shop_that_is_deleted_is_not_made_again(self, platform: Caller) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}
        made(platform.post("/platform/shops", **body))
        assert platform.delete(f"/platform/shops/{body['slug']}").status_code == 204

        refused(send(platform, "/platform/shops", "k7", **body), 409, "slug-in-use")

    def test_a_shop_that_another_finished_is_still_the_answer(
        self, platform: Caller, parts: Parts
    ) -> None:
        """Cut off with a key, finished without one, and asked for again with it."""
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}

        def cut_off(*_: object) -> str:
            raise ConnectionAbortedError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parts.shops._provisioner, "_build", cut_off)
            send(platform, "/platform/shops", "k8", **body)
        made(platform.post("/platform/shops", **body))

        answers = [send(platform, "/platform/shops", "k8", **body) for _ in range(2)]

        assert [each.status_code for each in answers] == [201, 201]
        assert answers[1].headers["idempotent-replayed"] == "true"
        other = body | {"name": "Another"}
        refused(send(platform, "/platform/shops", "k8", **other), 422, "key-reused")

    def test_a_shop_that_was_ended_since_is_no_answer(
        self, platform: Caller, parts: Parts
    ) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}

        def cut_off(*_: object) -> str:
            raise ConnectionAbortedError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parts.shops._provisioner, "_build", cut_off)
            send(platform, "/platform/shops", "k9", **body)
        made(platform.post("/platform/shops", **body))
        platform.delete(f"/platform/shops/{body['slug']}")

        refused(send(platform, "/platform/shops", "k9", **body), 409, "slug-in-use")

    def test_finishes_a_shop_whose_making_was_cut_off(
        self, platform: Caller, parts: Parts
    ) -> None:
        body = self.BODY | {"slug": f"once-{uuid.uuid4().hex}"}
        provisioner = parts.shops._provisioner

        def cut_off(*_: object) -> str:
            raise ConnectionAbortedError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(provisioner, "_build", cut_off)
            failed = send(platform, "/platform/shops", "k4", **body)
        answers = [send(platform, "/platform/shops", "k4", **body) for _ in range(2)]

        assert failed.status_code == 500
        assert [each.status_code for each in answers] == [201, 201]
        assert "idempotent-replayed" not in answers[0].headers
        assert answers[1].headers["idempotent-replayed"] == "true"


class TestKeeping:
    def test_a_key_is_good_for_a_day(self, shop: Shop, clock: SettableClock) -> None:
        first = made(send(shop.manager, "/clients", "k", name="Dana"))
        clock.now += dt.timedelta(hours=24, seconds=-1)
        still = made(send(shop.manager, "/clients", "k", name="Dana"))
        clock.now += dt.timedelta(seconds=1)

        anew = send(shop.manager, "/clients", "k", name="Emil")

        assert still["id"] == first["id"]
        assert made(anew)["id"] != first["id"]

    def test_nothing_is_kept_longer(
        self, shop: Shop, parts: Parts, clock: SettableClock, superuser: Engine
    ) -> None:
        made(send(shop.manager, "/clients", "k", name="Dana"))
        schema = parts.shops.get(shop.slug).schema
        count = f'select count(*) from "{schema}".kept_answers'
        keeping = Housekeeping(parts.database, clock=clock)

        _go_round(keeping)
        before = one_value(superuser, count)
        clock.now += idempotency.KEPT + dt.timedelta(seconds=1)
        _go_round(keeping)

        assert (before, one_value(superuser, count)) == (1, 0)

    def test_the_relay_sees_to_it(
        self, shop: Shop, parts: Parts, clock: SettableClock, superuser: Engine
    ) -> None:
        made(send(shop.manager, "/clients", "k", name="Dana"))
        schema = parts.shops.get(shop.slug).schema
        count = f'select count(*) from "{schema}".kept_answers'
        clock.now += dt.timedelta(hours=24, seconds=1)
        stop = threading.Event()
        worker = threading.Thread(target=relay(parts).run, args=(stop,))

        worker.start()
        deadline = time.monotonic() + 240  # every shop of the whole run has its turn
        while one_value(superuser, count) and time.monotonic() < deadline:
            stop.wait(0.05)
        stop.set()
        worker.join()

        assert one_value(superuser, count) == 0

    def test_a_round_is_made_once_an_hour(self, parts: Parts, clock: SettableClock) -> None:
        keeping = Housekeeping(parts.database, clock=clock)
        _go_round(keeping)

        assert not keeping.step()
        clock.now += dt.timedelta(hours=1)
        assert keeping.step()

    def test_a_shop_that_is_gone_does_not_stop_it(
        self, new_shop: MakeShop, parts: Parts, clock: SettableClock
    ) -> None:
        keeping = Housekeeping(parts.database, clock=clock)
        gone = new_shop()
        keeping.step()
        parts.shops.delete(gone.slug, now=parts.clock())
        parts.shops.purge(now=None)

        _go_round(keeping)

        assert not keeping.step()


def _go_round(keeping: Housekeeping) -> None:
    while keeping.step():
        pass
