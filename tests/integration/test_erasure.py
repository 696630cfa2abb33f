"""Erasing a client: afterwards a search finds nothing of it; and telling what is known."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import Engine, text

from booking_service.app import Parts, relay
from tests.clocks import SettableClock
from tests.integration.driver import Caller, JsonObject, Shop, instant, made, refused

# In all that is written of the client, and in nothing else.
MARK = "xyzzy"


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service(30)


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut)


@pytest.fixture
def dana(shop: Shop) -> Caller:
    return shop.client(f"{MARK}-login")


def post(caller: Caller, path: str, key: str, **body: object) -> JsonObject:
    headers = {"Idempotency-Key": key}
    return made(caller("POST", path, json=body, headers=headers))


@pytest.fixture
def lived(
    shop: Shop, cut: JsonObject, anna: JsonObject, dana: Caller, clock: SettableClock
) -> JsonObject:
    """The client's record, after all that it may do here."""
    me = made(
        dana.put(
            "/clients/me",
            name=f"Dana {MARK}",
            email=f"{MARK}@example.org",
            phone="+49 30 1234567",
            locale="de-AT",
        )
    )
    body = {"service_id": cut["id"], "notes": f"no {MARK}, please"}
    done, off, ahead = (
        post(dana, "/bookings", hour, **body, starts_at=instant(f"{hour}:00"))
        for hour in ("10", "11", "15")
    )
    made(dana.put(f"/bookings/{off['id']}", notes=f"{MARK} again"))
    made(dana.delete(f"/bookings/{off['id']}", reason=f"{MARK} is ill"))
    held = {"service_id": cut["id"], "starts_at": instant("16:00")}
    clock.set(instant("10:20"))
    post(dana, "/holds", "hold", **held)
    made(shop.manager.put(f"/bookings/{done['id']}", status="completed"))
    post(dana, "/walk-ins", "walk-in", service_id=cut["id"], name=f"The {MARK}")
    return {**me, "done": done, "off": off, "ahead": ahead}


def traces(engine: Engine, parts: Parts, shop: Shop) -> list[str]:
    """The rows of the shop and the control plane in which the mark stands."""
    schema = parts.shops.get(shop.slug).schema
    found = []
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "select quote_ident(schemaname) || '.' || quote_ident(tablename)"
                " from pg_tables where schemaname in (:schema, 'control')"
            ),
            {"schema": schema},
        ).scalars()
        for table in tables.all():
            query = f"select t::text from {table} t where t::text ilike :mark"
            rows = connection.execute(text(query), {"mark": f"%{MARK}%"}).scalars()
            found += [f"{table}: {row}" for row in rows]
    return found


class TestErase:
    def test_leaves_nothing_of_the_client(
        self,
        shop: Shop,
        lived: JsonObject,
        parts: Parts,
        superuser: Engine,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        relaying = relay(parts)
        relaying.work()
        places = {
            each.partition(":")[0].rpartition(".")[2]
            for each in traces(superuser, parts, shop)
        }
        assert places >= {"clients", "bookings", "booking_changes", "walk_ins"}
        assert any(each.startswith("outbox") for each in places)
        caplog.clear()

        with caplog.at_level(logging.INFO):
            answer = shop.manager.delete(f"/clients/{lived['id']}")
            relaying.work()

        assert answer.status_code == 204
        assert traces(superuser, parts, shop) == []
        assert MARK not in " ".join(
            record.getMessage() for record in caplog.records if record.name != "httpx"
        )
        assert MARK not in shop.manager.get("/bookings").text
        refused(shop.manager.get(f"/clients/{lived['id']}"), 404, "not-found")
        refused(shop.manager.delete(f"/clients/{lived['id']}"), 404, "not-found")

    def test_keeps_what_took_place_and_gives_back_the_rest(
        self, shop: Shop, cut: JsonObject, lived: JsonObject
    ) -> None:
        assert not {"15:00", "16:00"} & set(shop.free(cut))

        assert shop.manager.delete(f"/clients/{lived['id']}").status_code == 204

        bookings = {
            each["id"]: each for each in made(shop.manager.get("/bookings"))["items"]
        }
        done, ahead = bookings[lived["done"]["id"]], bookings[lived["ahead"]["id"]]
        assert (done["status"], done["starts_at"]) == ("completed", instant("10:00"))
        assert (ahead["status"], ahead["notes"]) == ("cancelled", None)
        assert {"15:00", "16:00"} <= set(shop.free(cut))
        (walk_in,) = made(shop.manager.get("/walk-ins"))["items"]
        assert (walk_in["status"], walk_in["name"]) == ("left", None)
        changes = made(shop.manager.get(f"/bookings/{done['id']}/history"))["items"]
        assert changes[0]["after"]["starts_at"] == instant("10:00")
        assert "notes" not in changes[0]["after"]
        assert (changes[0]["role"], changes[0]["subject"]) == ("client", None)
        assert changes[1]["subject"] == "mia"

    def test_lets_the_same_login_begin_anew(
        self, shop: Shop, lived: JsonObject, dana: Caller
    ) -> None:
        assert shop.manager.delete(f"/clients/{lived['id']}").status_code == 204

        me = made(dana.get("/clients/me"))

        assert me["id"] != lived["id"]
        assert me["name"] is None
        assert made(dana.get("/bookings"))["items"] == []

    def test_of_others_changes_nothing(
        self, shop: Shop, cut: JsonObject, lived: JsonObject
    ) -> None:
        erik = shop.client("erik")
        other = made(shop.book(cut, "12:00", by=erik, notes="by the window"))
        before = made(erik.get("/clients/me/export"))

        assert shop.manager.delete(f"/clients/{lived['id']}").status_code == 204

        assert made(erik.get("/clients/me/export")) == before
        assert made(erik.get(f"/bookings/{other['id']}")) == other


class TestExport:
    def test_tells_all_that_is_known(
        self, shop: Shop, lived: JsonObject, dana: Caller
    ) -> None:
        told = made(shop.manager.get(f"/clients/{lived['id']}/export"))

        assert told["client"] == made(shop.manager.get(f"/clients/{lived['id']}"))
        ids = [lived[each]["id"] for each in ("done", "off", "ahead")]
        assert [each["id"] for each in told["bookings"]] == ids
        assert [each["name"] for each in told["walk_ins"]] == [f"The {MARK}"]
        assert made(dana.get("/clients/me/export")) == told
