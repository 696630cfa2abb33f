"""Days on which clocks change, in many zones, worked out by hand: what is offered then.

Morning hours are 09:00 to 12:00, night hours 00:00 to 03:00; a service takes an hour.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import made, refused

MORNING, NIGHT = ("09:00", "12:00"), ("00:00", "03:00")
# The zone, the local date, the hours, and the starts: UTC, on the date or the one before.
DAYS = [
    ("Europe/Berlin", "2030-03-30", MORNING, "08 09 10"),
    ("Europe/Berlin", "2030-03-31", MORNING, "07 08 09"),
    ("Europe/London", "2030-10-26", MORNING, "08 09 10"),
    ("Europe/London", "2030-10-27", MORNING, "09 10 11"),
    ("America/New_York", "2030-03-09", MORNING, "14 15 16"),
    ("America/New_York", "2030-03-10", MORNING, "13 14 15"),
    ("America/New_York", "2030-11-02", MORNING, "13 14 15"),
    ("America/New_York", "2030-11-03", MORNING, "14 15 16"),
    ("America/St_Johns", "2030-03-09", MORNING, "12:30 13:30 14:30"),
    ("America/St_Johns", "2030-03-10", MORNING, "11:30 12:30 13:30"),
    ("Asia/Kolkata", "2030-03-31", MORNING, "03:30 04:30 05:30"),
    ("Asia/Kathmandu", "2030-03-31", MORNING, "03:15 04:15 05:15"),
    # South of the equator; half an hour; three quarters.
    ("Australia/Lord_Howe", "2030-04-06", MORNING, "-22 -23 00"),
    ("Australia/Lord_Howe", "2030-04-07", MORNING, "-22:30 -23:30 00:30"),
    ("Australia/Lord_Howe", "2030-10-06", MORNING, "-22 -23 00"),
    ("Pacific/Chatham", "2030-04-06", MORNING, "-19:15 -20:15 -21:15"),
    ("Pacific/Chatham", "2030-04-07", MORNING, "-20:15 -21:15 -22:15"),
    # There is no midnight: who would begin then begins an hour later.
    ("America/Santiago", "2030-09-07", NIGHT, "04 05 06"),
    ("America/Santiago", "2030-09-08", NIGHT, "04 05"),
    ("Asia/Beirut", "2030-03-30", NIGHT, "-22 -23 00"),
    ("Asia/Beirut", "2030-03-31", NIGHT, "-22 -23"),
    ("Africa/Cairo", "2030-04-26", NIGHT, "-22 -23"),
    ("America/Havana", "2030-03-10", NIGHT, "05 06"),
    # There are two: the first one counts, and the night is an hour longer.
    ("America/Havana", "2030-11-03", NIGHT, "04 05 06 07"),
    # The 30th was left out: its hours are those of the 31st, and offered once.
    ("Pacific/Apia", "2011-12-29", MORNING, "19 20 21"),
    ("Pacific/Apia", "2011-12-31", MORNING, "-19 -20 -21"),
]


def instants(date: str, starts: str) -> list[str]:
    """Starts on a date, or with a minus on the date before, as instants."""
    day = dt.date.fromisoformat(date)
    return [
        f"{day - dt.timedelta(days=each.startswith('-'))}"
        f"T{(each.lstrip('-') + ':00')[:5]}:00Z"
        for each in starts.split()
    ]


@pytest.mark.parametrize(("zone", "date", "hours", "starts"), DAYS)
def test_a_day_is_offered_as_its_clocks_go(
    new_shop: MakeShop,
    clock: SettableClock,
    zone: str,
    date: str,
    hours: tuple[str, str],
    starts: str,
) -> None:
    day = dt.date.fromisoformat(date)
    clock.set(f"{day - dt.timedelta(days=5)}T00:00:00Z")
    shop = new_shop(zone)
    cut = shop.add_service(60)
    anna = shop.add_provider(cut, starts=hours[0], ends=hours[1])
    midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(zone))
    window = {
        "from": midnight.astimezone(dt.UTC).isoformat(),
        "to": (midnight.astimezone(dt.UTC) + dt.timedelta(hours=23)).isoformat(),
    }

    answer = made(shop.client().get("/availability", service_id=cut["id"], **window))

    expected = instants(date, starts)
    assert [each["starts_at"] for each in answer["slots"]] == expected
    booking = made(shop.book(cut, expected[-1], anna))
    assert booking["starts_at"] == expected[-1]
    refused(shop.book(cut, expected[-1], anna), 409, "slot-taken")
