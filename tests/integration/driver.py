"""A shop as tests see it: through HTTP only, with a caller for each role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from booking_service.api.tokens import development_token
from booking_service.app import Parts
from booking_service.domain.actors import Role

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
JsonObject = dict[str, Any]


class Caller:
    """Sends requests with one token."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self.http = http
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self("GET", path, params=query)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self("POST", path, json=body)

    def put(self, path: str, **body: Any) -> httpx.Response:
        return self("PUT", path, json=body)

    def delete(self, path: str, **query: Any) -> httpx.Response:
        return self("DELETE", path, params=query)


def made(answer: httpx.Response) -> JsonObject:
    """The body of an answer that must be a 200 or 201."""
    assert answer.status_code in (200, 201), answer.text
    document: JsonObject = answer.json()
    return document


def refused(answer: httpx.Response, status: int, kind: str) -> JsonObject:
    """The problem in an answer that must be one of this status and type."""
    assert answer.status_code == status, answer.text
    problem: JsonObject = answer.json()
    assert problem["type"] == f"/problems/{kind}"
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


@dataclass
class Shop:
    """One shop, its callers, and short ways to fill it."""

    slug: str
    parts: Parts
    http: httpx.Client

    def caller(self, role: Role, subject: str = "someone") -> Caller:
        token = development_token(
            self.parts.settings,
            role=role,
            shop=self.slug,
            subject=subject,
            ttl=dt.timedelta(hours=1),
            now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1),
        )
        return Caller(self.http, token)

    @property
    def manager(self) -> Caller:
        return self.caller(Role.MANAGER, "mia")

    def client(self, subject: str = "dana") -> Caller:
        return self.caller(Role.CLIENT, subject)

    def provider(self, subject: str = "anna") -> Caller:
        return self.caller(Role.PROVIDER, subject)

    def add_service(self, minutes: int = 60, **members: Any) -> JsonObject:
        return made(
            self.manager.post(
                "/services", **{"name": "Cut", "duration_minutes": minutes, **members}
            )
        )

    def add_provider(
        self,
        *services: JsonObject,
        name: str = "Anna",
        starts: str = "09:00",
        ends: str = "17:00",
        breaks: Iterable[tuple[str, str]] = (),
        **members: Any,
    ) -> JsonObject:
        """A provider that works these hours every day."""
        offered = [service["id"] for service in services]
        provider = made(
            self.manager.post("/providers", name=name, service_ids=offered, **members)
        )
        period = {
            "starts": starts,
            "ends": ends,
            "breaks": [{"starts": a, "ends": b} for a, b in breaks],
        }
        self.set_hours(provider, [{"weekday": day, **period} for day in WEEK])
        return provider

    def set_hours(self, provider: JsonObject, hours: list[JsonObject]) -> None:
        made(self.manager.put(f"/providers/{provider['id']}/working-hours", hours=hours))

    def free(
        self,
        service: JsonObject,
        *providers: JsonObject,
        day: str = "2030-01-08",
        caller: Caller | None = None,
    ) -> list[str]:
        """The free starts of a day in UTC, as ``HH:MM``."""
        return [
            slot["starts_at"][11:16] for slot in self.slots(service, *providers, day=day)
        ]

    def slots(
        self, service: JsonObject, *providers: JsonObject, day: str = "2030-01-08"
    ) -> list[JsonObject]:
        following = dt.date.fromisoformat(day) + dt.timedelta(days=1)
        query = {
            "service_id": service["id"],
            "provider_id": [provider["id"] for provider in providers],
            "from": f"{day}T00:00:00Z",
            "to": f"{following}T00:00:00Z",
        }
        found: list[JsonObject] = made(self.manager.get("/availability", **query))["slots"]
        return found

    def book(
        self,
        service: JsonObject,
        at: str,
        provider: JsonObject | None = None,
        *,
        by: Caller | None = None,
        **members: Any,
    ) -> httpx.Response:
        """Ask for a booking; ``at`` is a time of 8 January 2030, or an instant."""
        body = {"service_id": service["id"], "starts_at": instant(at), **members}
        if provider is not None:
            body["provider_id"] = provider["id"]
        caller = by or self.manager
        if by is None and not {"client", "client_id"} & members.keys():
            body["client"] = {"name": "Dana"}
        return caller.post("/bookings", **body)


def instant(text: str) -> str:
    """``10:00`` as an instant of 8 January 2030; longer texts as they are."""
    return f"2030-01-08T{text}:00Z" if len(text) == 5 else text
