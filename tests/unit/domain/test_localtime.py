from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from booking_service.domain.localtime import (
    FIRST_INSTANT,
    LAST_INSTANT,
    clamped,
    day_span,
    instant,
    local_date,
    moment,
    wall_instant,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def at(text: str) -> int:
    return instant(dt.datetime.fromisoformat(text))


class TestWallInstant:
    @pytest.mark.parametrize(
        ("date", "minutes", "zone", "expected"),
        [
            pytest.param("2030-01-15", 540, BERLIN, "2030-01-15T08:00:00Z", id="winter"),
            pytest.param("2030-07-15", 540, BERLIN, "2030-07-15T07:00:00Z", id="summer"),
            pytest.param(
                "2030-03-31", 150, BERLIN, "2030-03-31T01:30:00Z", id="gap-moves-forward"
            ),
            pytest.param(
                "2030-10-27", 150, BERLIN, "2030-10-27T00:30:00Z", id="repeated-means-first"
            ),
            pytest.param(
                "2030-10-06",
                135,
                LORD_HOWE,
                "2030-10-05T15:45:00Z",
                id="gap-of-half-an-hour",
            ),
            pytest.param(
                "2018-11-04", 0, SAO_PAULO, "2018-11-04T03:00:00Z", id="gap-at-midnight"
            ),
            pytest.param(
                "2030-01-15", 1440, BERLIN, "2030-01-15T23:00:00Z", id="24:00-is-midnight"
            ),
        ],
    )
    def test_names_one_instant(
        self, date: str, minutes: int, zone: ZoneInfo, expected: str
    ) -> None:
        found = wall_instant(dt.date.fromisoformat(date), minutes, zone)

        assert moment(found) == dt.datetime.fromisoformat(expected)

    @pytest.mark.parametrize("date", [dt.date.min, dt.date.max])
    def test_survives_the_ends_of_the_calendar(self, date: dt.date) -> None:
        first, last = day_span(date, NEW_YORK)

        assert first < last


class TestDaySpan:
    @pytest.mark.parametrize(
        ("date", "hours"), [("2030-03-31", 23), ("2030-10-27", 25), ("2030-05-01", 24)]
    )
    def test_lasts_from_midnight_to_midnight(self, date: str, hours: int) -> None:
        start, end = day_span(dt.date.fromisoformat(date), BERLIN)

        assert end - start == hours * 3600


class TestLocalDate:
    def test_depends_on_the_zone(self) -> None:
        late = at("2030-01-15T23:30:00Z")

        assert local_date(late, BERLIN) == dt.date(2030, 1, 16)
        assert local_date(late, NEW_YORK) == dt.date(2030, 1, 15)


class TestClamped:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("0001-01-01T00:00:00+23:59", FIRST_INSTANT),
            ("9999-12-31T23:59:59-23:59", LAST_INSTANT),
            ("2030-01-01T01:00:00+01:00", dt.datetime(2030, 1, 1, tzinfo=dt.UTC)),
        ],
    )
    def test_keeps_what_every_zone_can_express(
        self, given: str, expected: dt.datetime
    ) -> None:
        assert clamped(dt.datetime.fromisoformat(given)) == expected


class TestInstant:
    def test_cuts_fractions_off_towards_the_past(self) -> None:
        assert instant(dt.datetime.fromisoformat("1969-12-31T23:59:59.500Z")) == -1
