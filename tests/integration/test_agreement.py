"""What is offered can be booked; what is not offered is refused for reasons that
``explain`` names. Over random shops: ``AGREEMENT_CASES`` says how many starts (1,000)."""

from __future__ import annotations

import datetime as dt
import os
import random
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.clocks import SettableClock
from tests.integration.conftest import MakeShop
from tests.integration.driver import WEEK, JsonObject, Shop, made

CASES = int(os.environ.get("AGREEMENT_CASES", "1000"))
PER_SHOP = 50
# A zone and a day around which its clocks change, or skip what others have.
PLACES = [
    ("Europe/Berlin", "2030-03-31"),
    ("Europe/Berlin", "2030-10-27"),
    ("America/New_York", "2030-03-10"),
    ("America/New_York", "2030-11-03"),
    ("Australia/Lord_Howe", "2030-04-07"),
    ("Australia/Lord_Howe", "2030-10-06"),
    ("Asia/Kolkata", "2030-01-08"),
    ("Asia/Kathmandu", "2030-01-08"),
    ("America/Santiago", "2030-09-08"),
    ("Africa/Cairo", "2030-04-26"),
    ("Asia/Beirut", "2030-03-31"),
    ("America/Havana", "2030-03-10"),
    ("Pacific/Apia", "2011-12-30"),
    ("UTC", "2030-01-08"),
]


def clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass
class World:
    """A random shop around one day, and how to draw from it."""

    draw: random.Random
    shop: Shop
    zone: ZoneInfo
    day: dt.date
    services: list[JsonObject]
    providers: list[JsonObject]

    def start(self) -> dt.datetime:
        """Some start around the day, on a round minute mostly."""
        noon = dt.datetime.combine(self.day, dt.time(12), self.zone).astimezone(dt.UTC)
        minutes = self.draw.choice([5, 15, 30]) * self.draw.randint(-150, 150)
        seconds = self.draw.choice([0] * 9 + [1])
        return noon + dt.timedelta(minutes=minutes, seconds=seconds)

    def who(self) -> JsonObject:
        """Nobody, one, some, or several together."""
        ids = [each["id"] for each in self.providers]
        match self.draw.choice(["anyone", "one", "some", "together"]):
            case "one":
                return {"provider_ids": [self.draw.choice(ids)]}
            case "some":
                return {"provider_ids": ids[:2]}
            case "together":
                named = self.draw.sample(ids, min(2, len(ids)))
                return {"provider_ids": named, "provider_mode": "all"}
        return {}


def periods(draw: random.Random) -> list[JsonObject]:
    """Working time of one day: nothing, or one or two periods, maybe with a break."""
    found = []
    opens = draw.choice([0, 60, 120, 480, 540])
    for _ in range(draw.choice([0, 1, 1, 2])):
        closes = min(opens + draw.choice([120, 240, 600]), 1440)
        if opens >= closes:
            break
        period: JsonObject = {"starts": clock_time(opens), "ends": clock_time(closes)}
        if draw.random() < 0.4 and closes - opens >= 120:
            pause = opens + draw.choice([30, 45, 60])
            breaks = [{"starts": clock_time(pause), "ends": clock_time(pause + 20)}]
            period["breaks"] = breaks
        found.append(period)
        opens = closes + draw.choice([0, 30, 180])
    return found


def random_world(draw: random.Random, new_shop: MakeShop, clock: SettableClock) -> World:
    zone, day = draw.choice(PLACES)
    date = dt.date.fromisoformat(day)
    clock.set(f"{date - dt.timedelta(days=2)}T{draw.randint(0, 23):02}:07:30Z")
    settings: dict[str, Any] = {
        "min_notice_minutes": draw.choice([0, 90, 2000]),
        "booking_horizon_days": draw.choice([2, 3, 30]),
        "slot_interval_minutes": draw.choice([None, 10, 45]),
        "max_bookings_per_day": draw.choice([None, None, 3]),
        "max_booked_minutes_per_day": draw.choice([None, None, 150]),
    }
    shop = new_shop(zone, **settings)
    for number in range(2):
        made(shop.manager.post("/resources", name=str(number), kind="chair"))
    services = [
        shop.add_service(
            draw.choice([20, 45, 60]),
            buffer_before_minutes=draw.choice([0, 10]),
            buffer_after_minutes=draw.choice([0, 15]),
            slot_interval_minutes=draw.choice([None, 30]),
            max_per_day=draw.choice([None, 2]),
            capacity=draw.choice([1, 1, 3]),
            resource_kinds=draw.choice([[], ["chair"]]),
        )
        for _ in range(2)
    ]
    world = World(draw, shop, ZoneInfo(zone), date, services, [])
    for number in range(draw.randint(1, 3)):
        world.providers.append(random_provider(world, number))
    if draw.random() < 0.3:
        made(shop.manager.post("/closures", starts_on=day, ends_on=day))
    return world


def random_provider(world: World, number: int) -> JsonObject:
    draw, shop = world.draw, world.shop
    provider = made(
        shop.manager.post(
            "/providers",
            name=f"Provider {number}",
            service_ids=[each["id"] for each in world.services if draw.random() < 0.9],
        )
    )
    path = f"/providers/{provider['id']}"
    for body in ({}, {"effective_from": world.day.isoformat()})[: draw.randint(1, 2)]:
        hours = [{"weekday": name, **each} for name in WEEK for each in periods(draw)]
        made(shop.manager.put(f"{path}/working-hours", hours=hours, **body))
    if draw.random() < 0.3:
        override = f"{path}/date-overrides/{world.day}"
        made(shop.manager.put(override, hours=periods(draw)))
    if draw.random() < 0.3:
        start = world.start()
        ends = start + dt.timedelta(minutes=draw.choice([30, 300]))
        absence = {"starts_at": start.isoformat(), "ends_at": ends.isoformat()}
        made(shop.manager.post(f"{path}/time-off", **absence))
    return provider


def check(world: World, service: JsonObject, start: dt.datetime, who: JsonObject) -> bool:
    """One start, asked in three ways; say whether it was booked."""
    text = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {
        "service_id": service["id"],
        "provider_id": who.get("provider_ids", []),
        "provider_mode": who.get("provider_mode", "any"),
    }
    window = {"from": text, "to": (start + dt.timedelta(seconds=1)).isoformat()}
    manager = world.shop.manager

    slots = made(manager.get("/availability", **query, **window))["slots"]
    told = made(manager.get("/availability/explain", **query, starts_at=text))
    body = {"service_id": service["id"], "starts_at": text, "client": {"name": "X"}, **who}
    answer = manager.post("/bookings", **body)

    case = f"{service} {text} {who} {slots} {told} {answer.text}"
    assert told["bookable"] == bool(slots) == (answer.status_code == 201), case
    if slots:
        booked = answer.json()
        assert set(booked["provider_ids"]) <= set(slots[0]["provider_ids"]), case
        if world.draw.random() < 0.5:
            made(manager.delete(f"/bookings/{booked['id']}"))
    else:
        assert answer.status_code == 409, case
        assert answer.json()["reasons"] == told["reasons"] != [], case
    return bool(slots)


def offered_start(world: World, service: JsonObject, who: JsonObject) -> dt.datetime:
    """A start that is offered around the day, if there is one."""
    first = dt.datetime.combine(world.day, dt.time(), dt.UTC) - dt.timedelta(days=1)
    query = {
        "service_id": service["id"],
        "provider_id": who.get("provider_ids", []),
        "provider_mode": who.get("provider_mode", "any"),
        "from": first.isoformat(),
        "to": (first + dt.timedelta(days=3)).isoformat(),
    }
    slots = made(world.shop.manager.get("/availability", **query))["slots"]
    if not slots:
        return world.start()
    return dt.datetime.fromisoformat(world.draw.choice(slots)["starts_at"])


@pytest.mark.parametrize("seed", range(-(-CASES // PER_SHOP)))
def test_offer_booking_and_explanation_agree(
    seed: int, new_shop: MakeShop, clock: SettableClock
) -> None:
    world = random_world(random.Random(seed), new_shop, clock)

    for number in range(min(PER_SHOP, CASES - seed * PER_SHOP)):
        service, who = world.draw.choice(world.services), world.who()
        pick = offered_start if number % 2 else lambda world, *_: world.start()
        check(world, service, pick(world, service, who), who)
