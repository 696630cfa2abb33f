"""Calendars for calendar programs, and the secret addresses at which they read."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import Engine, text

from booking_service import logs
from booking_service.app import Parts
from tenants.models import Status
from tests.clocks import SettableClock
from tests.integration.driver import JsonObject, Shop, instant, made, refused


@pytest.fixture
def cut(shop: Shop) -> JsonObject:
    return shop.add_service(name="Haircut")


@pytest.fixture
def anna(shop: Shop, cut: JsonObject) -> JsonObject:
    return shop.add_provider(cut, subject="anna")


def parsed(answer: httpx.Response) -> Calendar:
    """The one calendar in an answer, whose lines are as RFC 5545 wants them."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.content.endswith(b"\r\n")
    lines = answer.content.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    return calendar


def events(answer: httpx.Response) -> list[JsonObject]:
    return [
        {
            "uid": str(event["UID"]),
            "starts": event.decoded("DTSTART"),
            "ends": event.decoded("DTEND"),
            "summary": str(event["SUMMARY"]),
            "status": str(event.get("STATUS", "")),
        }
        for event in parsed(answer).walk("VEVENT")
    ]


def at(text_: str) -> dt.datetime:
    return dt.datetime.fromisoformat(instant(text_))


class TestProviderCalendar:
    def test_shows_bookings_and_absences(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.manager.put("/shop", auto_confirm=False))
        dana = {"name": "Dana, the \\ first; of\u2028many"}
        first = made(shop.book(cut, "10:00", anna, client=dana))
        waits = made(shop.book(cut, "11:00", anna, by=shop.client("eve")))
        gone = made(shop.book(cut, "12:00", anna))
        made(shop.manager.delete(f"/bookings/{gone['id']}"))
        where = f"/providers/{anna['id']}"
        days = {"starts_on": "2030-02-01", "ends_on": "2030-02-02"}
        away = made(shop.manager.post(f"{where}/time-off", **days, reason="sun"))

        answer = shop.manager.get(f"{where}/calendar.ics")

        assert events(answer) == [
            {
                "uid": first["id"],
                "starts": at("10:00"),
                "ends": at("11:00"),
                "summary": "Haircut – Dana, the \\ first; of many",
                "status": "CONFIRMED",
            },
            {
                "uid": waits["id"],
                "starts": at("11:00"),
                "ends": at("12:00"),
                "summary": "Haircut – ?",
                "status": "TENTATIVE",
            },
            {
                "uid": away["id"],
                "starts": dt.date(2030, 2, 1),
                "ends": dt.date(2030, 2, 3),
                "summary": "sun",
                "status": "",
            },
        ]
        assert parsed(answer)["X-WR-CALNAME"] == f"Anna – {shop.slug}"

    def test_shows_those_too_who_serve_with_another(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        bert = shop.add_provider(cut, name="Bert")
        ids = [anna["id"], bert["id"]]
        made(shop.book(cut, "10:00", provider_ids=ids, provider_mode="all"))

        for each in ids:
            answer = shop.manager.get(f"/providers/{each}/calendar.ics")
            assert len(events(answer)) == 1

    def test_counts_what_changed(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        where = f"/providers/{anna['id']}/calendar.ics"
        booking = made(shop.book(cut, "10:00", anna))
        before = shop.manager.get(where)
        clock.set("2030-01-07T07:00:00Z")
        assert shop.manager.get(where).headers["etag"] == before.headers["etag"]
        kept = shop.manager("GET", where, headers={"If-None-Match": before.headers["etag"]})
        assert kept.status_code == 304

        made(shop.manager.put(f"/bookings/{booking['id']}", starts_at=instant("14:00")))

        (event,) = parsed(shop.manager.get(where)).walk("VEVENT")
        assert event["SEQUENCE"] == 1
        assert event.decoded("LAST-MODIFIED") == event.decoded("DTSTAMP") == clock.now

    def test_is_as_programs_want_it(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        made(shop.book(cut, "10:00", anna))

        answer = shop.manager.get(f"/providers/{anna['id']}/calendar.ics")

        assert {
            "VERSION:2.0",
            "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
            "X-PUBLISHED-TTL:PT15M",
            "DTSTART:20300108T100000Z",
            "DTEND:20300108T110000Z",
            "DTSTAMP:20300107T060000Z",
        } <= set(answer.text.split("\r\n"))

    @pytest.mark.parametrize("first", ["2030-02-01", "9999-12-31"])
    def test_shows_an_absence_without_end(
        self, shop: Shop, anna: JsonObject, first: str
    ) -> None:
        where = f"/providers/{anna['id']}"
        for_ever = {"starts_on": first, "ends_on": "9999-12-31"}
        made(shop.manager.post(f"{where}/time-off", **for_ever))

        (event,) = events(shop.manager.get(f"{where}/calendar.ics"))

        assert event["starts"] <= dt.date.fromisoformat(first)
        assert event["starts"] < event["ends"]

    def test_leaves_out_what_is_long_over(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, clock: SettableClock
    ) -> None:
        made(shop.book(cut, "10:00", anna))
        where = f"/providers/{anna['id']}/calendar.ics"
        clock.set("2030-02-07T10:00:00Z")
        assert len(events(shop.manager.get(where))) == 1

        clock.set("2030-02-07T10:00:01Z")

        assert events(shop.manager.get(where)) == []

    def test_is_for_its_provider_and_managers(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        shop.add_provider(cut, name="Bert", subject="bert")
        where = f"/providers/{anna['id']}/calendar.ics"

        parsed(shop.provider("anna").get(where))
        refused(shop.provider("bert").get(where), 404, "not-found")
        refused(shop.client().get(where), 403, "role-may-not")
        refused(
            shop.manager.get(f"/providers/{uuid.uuid4()}/calendar.ics"), 404, "not-found"
        )

    def test_no_text_breaks_out_of_its_line(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        notes = "a\r\nATTENDEE:mailto:x@example.org\rEND:VEVENT\n\x0bBEGIN:VALARM\x85" * 9
        made(shop.book(cut, "10:00", anna, notes=notes))

        answer = shop.manager.get(f"/providers/{anna['id']}/calendar.ics")

        (event,) = parsed(answer).walk("VEVENT")
        assert "ATTENDEE" not in event
        assert b"\nATTENDEE" not in answer.content
        assert len(parsed(answer).walk("VALARM")) == 0
        assert str(event["DESCRIPTION"]).count("ATTENDEE:mailto:x@example.org") == 9


class TestBookingCalendar:
    def test_is_one_event_for_who_comes(
        self, shop: Shop, cut: JsonObject, anna: JsonObject
    ) -> None:
        dana = shop.client("dana")
        booking = made(shop.book(cut, "10:00", anna, by=dana, client={"name": "Dana"}))
        where = f"/bookings/{booking['id']}/calendar.ics"

        (own,) = parsed(dana.get(where)).walk("VEVENT")
        (of_staff,) = parsed(shop.manager.get(where)).walk("VEVENT")

        assert str(own["SUMMARY"]) == "Haircut"
        assert str(own["LOCATION"]) == f"{shop.slug}, Anna"
        assert str(of_staff["SUMMARY"]) == "Haircut – Dana"
        refused(shop.client("eve").get(where), 404, "not-found")
        made(dana.delete(f"/bookings/{booking['id']}"))
        assert events(dana.get(where))[0]["status"] == "CANCELLED"


class TestFeed:
    @pytest.fixture
    def where(self, anna: JsonObject) -> str:
        return f"/providers/{anna['id']}/calendar-feed"

    def test_is_read_without_a_token_until_it_is_revoked(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, where: str
    ) -> None:
        booking = made(shop.book(cut, "10:00", anna))
        refused(shop.manager.get(where), 404, "not-found")
        feed = made(shop.provider("anna").put(where))

        subscribed = shop.http.get(feed["path"])

        assert [each["uid"] for each in events(subscribed)] == [booking["id"]]
        read = made(shop.manager.get(where))
        assert read == {name: feed[name] for name in ("provider_id", "created_at")}
        assert shop.manager.delete(where).status_code == 204
        refused(shop.http.get(feed["path"]), 404, "not-found")
        refused(shop.manager.delete(where), 404, "not-found")

    def test_is_made_anew_for_who_has_seen_the_old_one(
        self, shop: Shop, anna: JsonObject, where: str, clock: SettableClock
    ) -> None:
        first = shop.manager.put(where)
        tag = {"If-Match": first.headers["etag"]}
        assert first.headers["cache-control"] == "no-store"
        clock.set("2030-01-07T07:00:00Z")

        second = shop.manager("PUT", where, headers=tag)

        assert second.status_code == 200
        assert second.json()["path"] != first.json()["path"]
        assert shop.manager("DELETE", where, headers=tag).status_code == 412
        tag = {"If-Match": second.headers["etag"]}
        assert shop.manager("DELETE", where, headers=tag).status_code == 204

    def test_a_new_address_ends_the_old_one(
        self, shop: Shop, anna: JsonObject, where: str
    ) -> None:
        old, new = (made(shop.manager.put(where))["path"] for _ in range(2))

        refused(shop.http.get(old), 404, "not-found")
        parsed(shop.http.get(new))

    def test_what_is_wrong_with_an_address_does_not_show(
        self, shop: Shop, anna: JsonObject, where: str, parts: Parts
    ) -> None:
        path = made(shop.manager.put(where))["path"]
        shop_id, _, secret = path.split("/")[2].partition("-")
        other = f"{'0' if secret[0] != '0' else '1'}{secret[1:]}"
        suspended = made(shop.manager.put(where))["path"]
        parts.shops.update(shop.slug, status=Status.SUSPENDED)

        answers = [
            shop.http.get(each, headers={"X-Request-Id": "the-same-request"})
            for each in (
                f"/calendar-feeds/{shop_id}-{other}/calendar.ics",
                f"/calendar-feeds/{uuid.uuid4().hex}-{secret}/calendar.ics",
                f"/calendar-feeds/{'x' * 76}/calendar.ics",
                suspended,
            )
        ]

        for answer in answers:
            refused(answer, 404, "not-found")
        assert len({answer.content for answer in answers}) == 1

    def test_of_a_deleted_provider_is_gone(
        self, shop: Shop, anna: JsonObject, where: str
    ) -> None:
        path = made(shop.manager.put(where))["path"]

        assert shop.manager.delete(f"/providers/{anna['id']}").status_code == 204

        refused(shop.http.get(path), 404, "not-found")

    def test_is_made_by_its_provider_and_managers(
        self, shop: Shop, cut: JsonObject, anna: JsonObject, where: str
    ) -> None:
        shop.add_provider(cut, name="Bert", subject="bert")

        for method in ("GET", "PUT", "DELETE"):
            refused(shop.provider("bert")(method, where), 404, "not-found")
            refused(shop.client()(method, where), 403, "role-may-not")

    def test_its_secret_is_kept_as_a_digest_and_never_logged(
        self,
        shop: Shop,
        anna: JsonObject,
        where: str,
        parts: Parts,
        superuser: Engine,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        logs.silence_the_chatty()
        with caplog.at_level(logging.DEBUG):
            path = made(shop.manager.put(where))["path"]
            parsed(shop.http.get(path))
            shop.http.get(path.replace("calendar.ics", "x"))
            made(shop.manager.get(where))
        secret = path.split("/")[2].partition("-")[2]

        schema = parts.shops.get(shop.slug).schema
        with superuser.connect() as connection:
            rows = connection.execute(text(f'select * from "{schema}".calendar_feeds'))
            kept = str(rows.all())

        assert secret not in " ".join(
            each.getMessage() + str(each.args) for each in caplog.records
        )
        assert secret not in kept
