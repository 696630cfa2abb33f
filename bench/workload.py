"""The shop that is measured, alike in both applications, and what is asked of it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
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
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Request = dict[str, Any]


@dataclass
class Workload:
    """What to send.

    Attributes:
        creates: Bookings of free starts, each for one use.
        gets: Bookings by id, as each application calls them.
    """

    shop: str
    service_id: str
    provider_ids: list[str]
    creates: dict[str, Iterator[Request]]
    gets: dict[str, list[Request]]

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


def prepared(deployment: Deployment, shop: str) -> Workload:
    """Fill both applications with the same shop."""
    platform = _caller(deployment.service, deployment.token("platform"))
    _made(platform, "/platform/shops", slug=shop, name="Bench", timezone="Europe/Berlin")
    manager = _caller(deployment.service, deployment.token("manager"))
    manager.put("/shop", json={"booking_horizon_days": 365}).raise_for_status()
    service = _made(manager, "/services", name="Cut", duration_minutes=MINUTES)
    day = {"starts": f"{OPENS:02}:00", "ends": f"{CLOSES:02}:00"}
    hours = {"hours": [{"weekday": weekday, **day} for weekday in WEEK]}
    providers = []
    for number in range(PROVIDERS):
        provider = _made(
            manager, "/providers", name=f"Provider {number}", service_ids=[service]
        )
        path = f"/providers/{provider}/working-hours"
        manager.put(path, json=hours).raise_for_status()
        providers.append(provider)
    _fill_baseline(deployment.baseline_database, shop, service, providers)
    workload = Workload(shop, service, providers, {}, {})
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
