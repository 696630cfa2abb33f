"""The shop that is measured, alike in both applications, and what is asked of it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg2
import psycopg2.extras

from bench.deployment import ROOT, Deployment, tomorrow

PROVIDERS = 40
DAYS = 90
OPENS, CLOSES, MINUTES = 8, 20, 30
# The shop is one or two hours ahead of UTC, in which bookings are stated: from 08:00
# on so many starts lie inside its hours all year.
STARTS = 20
# So many of a provider's first day are booked before it begins: every second one.
BOOKED = 10
# The wide case: so many providers and days, and so many bookings among them.
WIDE_PROVIDERS, WIDE_DAYS, WIDE_BOOKINGS = 20, 31, 5000
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Request = dict[str, Any]


@dataclass
class Workload:
    """What to send.

    Attributes:
        creates: Bookings of free starts, each for one use.
        gets: Bookings by id, as each application calls them.
        wide: The availability of many providers over a month, which the plain
            application does not know.
    """

    shop: str
    service_id: str
    provider_ids: list[str]
    creates: dict[str, Iterator[Request]]
    gets: dict[str, list[Request]]
    wide: list[Request]

    def availability(self) -> list[Request]:
        """A day of one provider, half of it booked."""
        day = tomorrow()
        window = f"from={day}T00:00:00Z&to={day + dt.timedelta(days=1)}T00:00:00Z"
        return [
            {
                "method": "GET",
                "path": f"/availability?service_id={self.service_id}"
                f"&provider_id={provider}&{window}",
            }
            for provider in self.provider_ids
        ]


def prepared(deployment: Deployment, shop: str, *, wide: bool) -> Workload:
    """Fill both applications with the same shop.

    Args:
        deployment: Where they run.
        shop: Its slug.
        wide: Whether the wide case is needed, which takes a while to fill.
    """
    platform = _caller(deployment.service, deployment.token("platform"))
    _made(platform, "/platform/shops", slug=shop, name="Bench", timezone="Europe/Berlin")
    manager = _caller(deployment.service, deployment.token("manager"))
    manager.put("/shop", json={"booking_horizon_days": 365}).raise_for_status()
    service = _made(manager, "/services", name="Cut", duration_minutes=MINUTES)
    day = {"starts": f"{OPENS:02}:00", "ends": f"{CLOSES:02}:00"}
    hours = {"hours": [{"weekday": weekday, **day} for weekday in WEEK]}
    providers = _providers(manager, PROVIDERS, service, hours)
    _fill_baseline(deployment.baseline_database, shop, service, providers)
    workload = Workload(shop, service, providers, {}, {}, [])
    if wide:
        workload.wide = _wide(deployment, manager, hours)
    for name, address in (
        ("service", deployment.service),
        ("baseline", deployment.baseline),
    ):
        client = _caller(address, deployment.token("client"))
        booked = (
            _body(service, provider, tomorrow(), 2 * slot)
            for slot in range(BOOKED)
            for provider in providers
        )
        ids = [_made(client, "/bookings", **body) for body in booked]
        workload.gets[name] = [{"method": "GET", "path": f"/bookings/{id_}"} for id_ in ids]
        workload.creates[name] = _creates(service, providers)
    return workload


def _providers(
    manager: httpx.Client, count: int, service: str, hours: dict[str, Any]
) -> list[str]:
    made = []
    for number in range(count):
        provider = _made(
            manager, "/providers", name=f"Provider {number}", service_ids=[service]
        )
        path = f"/providers/{provider}/working-hours"
        manager.put(path, json=hours).raise_for_status()
        made.append(provider)
    return made


def _wide(
    deployment: Deployment, manager: httpx.Client, hours: dict[str, Any]
) -> list[Request]:
    """Many providers with many bookings over a month, and the question for all of it."""
    service = _made(manager, "/services", name="Wide", duration_minutes=MINUTES)
    providers = _providers(manager, WIDE_PROVIDERS, service, hours)
    days = [tomorrow() + dt.timedelta(days=number) for number in range(WIDE_DAYS)]
    places = list(itertools.product(providers, days, range(STARTS)))
    random.Random(1).shuffle(places)  # noqa: S311 - a workload, no secret
    client = _caller(deployment.service, deployment.token("client"))
    with ThreadPoolExecutor(8) as pool:
        bodies = (_body(service, *place) for place in places[:WIDE_BOOKINGS])
        list(pool.map(lambda body: _made(client, "/bookings", **body), bodies))
    end = days[-1] + dt.timedelta(days=1)
    window = f"from={days[0]}T00:00:00Z&to={end}T00:00:00Z"
    path = f"/availability?service_id={service}&{window}&limit=5000"
    return [{"method": "GET", "path": path}]


def _creates(service: str, providers: list[str]) -> Iterator[Request]:
    days = (tomorrow() + dt.timedelta(days=number) for number in range(1, DAYS))
    for day, slot, provider in itertools.product(days, range(STARTS), providers):
        yield {
            "method": "POST",
            "path": "/bookings",
            "body": json.dumps(_body(service, provider, day, slot)),
        }


def _body(service: str, provider: str, day: dt.date, slot: int) -> dict[str, str]:
    start = dt.datetime.combine(day, dt.time(OPENS), dt.UTC) + slot * dt.timedelta(
        minutes=MINUTES
    )
    return {
        "service_id": service,
        "provider_id": provider,
        "starts_at": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notes": "window seat",
    }


def _fill_baseline(url: str, shop: str, service: str, providers: list[str]) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute((ROOT / "bench/baseline/schema.sql").read_text(encoding="utf-8"))
        cursor.execute(
            "INSERT INTO shops (slug, timezone) VALUES (%s, 'Europe/Berlin') RETURNING id",
            (shop,),
        )
        (shop_id,) = cursor.fetchone() or (None,)
        cursor.execute(
            "INSERT INTO services VALUES (%s, %s, %s)", (service, shop_id, MINUTES)
        )
        for provider in providers:
            cursor.execute("INSERT INTO providers VALUES (%s, %s)", (provider, shop_id))
            cursor.execute(
                "INSERT INTO provider_services VALUES (%s, %s)", (provider, service)
            )
            psycopg2.extras.execute_values(
                cursor,
                "INSERT INTO working_hours VALUES %s",
                [
                    (provider, weekday, dt.time(OPENS), dt.time(CLOSES))
                    for weekday in range(7)
                ],
            )
    connection.close()


def _caller(address: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address, headers=headers, timeout=30)


def _made(client: httpx.Client, path: str, **body: object) -> str:
    answer = client.post(path, json=body)
    answer.raise_for_status()
    document = answer.json()
    return str(document.get("id", ""))
