"""Two shops to try the service with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from booking_service.api.tokens import development_token
from booking_service.app import Parts
from booking_service.domain.actors import Actor, Role, Scope
from booking_service.repositories.paging import PageRequest
from booking_service.services import availability, bookings, hours, providers, services
from booking_service.services.availability import Question, Wish
from booking_service.services.bookings import NewBooking
from booking_service.services.changes import unguarded
from tenants.errors import ShopNotFound, SlugInUse
from tenants.models import ShopRecord
from tenants.registry import bound

TOKEN_LIFE = dt.timedelta(days=1)
BOOKINGS = 4


@dataclass(frozen=True)
class DemoShop:
    """What a demo shop is made of.

    Attributes:
        offered: Names and minutes of its services.
        staff: Names of its providers; the first one's token is printed.
        days: The weekdays they work.
        day: When they start and end, and their break.
    """

    slug: str
    name: str
    timezone: str
    offered: Sequence[tuple[str, int]]
    staff: Sequence[str]
    days: Sequence[str]
    day: tuple[str, str, str, str]


SHOPS = (
    DemoShop(
        slug="anna-cuts",
        name="Anna Cuts",
        timezone="Europe/Berlin",
        offered=(("Haircut", 45), ("Beard trim", 20)),
        staff=("Anna", "Bernd"),
        days=("tuesday", "wednesday", "thursday", "friday", "saturday"),
        day=("09:00", "18:00", "12:30", "13:15"),
    ),
    DemoShop(
        slug="harbor-clinic",
        name="Harbor Clinic",
        timezone="America/New_York",
        offered=(("Check-up", 30), ("Physiotherapy", 60)),
        staff=("Dr. Cole", "Dr. Diaz"),
        days=("monday", "tuesday", "wednesday", "thursday", "friday"),
        day=("08:00", "16:00", "12:00", "13:00"),
    ),
)


def seed(parts: Parts) -> None:
    """Make the demo shops that were never made; one that was deleted stays so."""
    for demo in SHOPS:
        try:
            record = parts.shops.create(
                slug=demo.slug,
                name=demo.name,
                timezone=demo.timezone,
                issuer=parts.settings.auth_issuer,
            )
        except SlugInUse:
            continue
        with parts.database.shop_transaction(bound(record)) as session:
            _fill(session, demo, parts.clock())


def _fill(session: Session, demo: DemoShop, now: dt.datetime) -> None:
    offered = [
        services.create_service(
            session, members={"name": name, "duration_minutes": minutes}, now=now
        ).id
        for name, minutes in demo.offered
    ]
    starts, ends, pause_starts, pause_ends = demo.day
    pause = {"starts": pause_starts, "ends": pause_ends}
    week = [
        {"weekday": day, "starts": starts, "ends": ends, "breaks": [pause]}
        for day in demo.days
    ]
    for position, name in enumerate(demo.staff):
        members = {"name": name, "service_ids": offered}
        if position == 0:
            members["subject"] = "demo-provider"
        provider = providers.create_provider(session, members=members, now=now)
        hours.replace_working_hours(
            session, provider_id=provider.id, entered=week, guard=unguarded, now=now
        )
    session.flush()
    _book_some(session, offered, now)


def _book_some(session: Session, offered: Sequence[uuid.UUID], now: dt.datetime) -> None:
    tomorrow = now + dt.timedelta(days=1)
    actor = Actor(Role.CLIENT, "demo-client", Scope.OWN)
    for position in range(BOOKINGS):
        service_id = offered[position % len(offered)]
        limit = 3 * (position + 1)
        week = tomorrow, tomorrow + dt.timedelta(days=7)
        question = Question(Wish(service_id), *week, limit=limit)
        state = availability.state(session, question, actor=actor)
        free = availability.free_slots(
            session, question, actor=actor, counter=state.rules, now=now
        ).slots
        client = {"name": "Dana Demo", "email": "dana@example.com"}
        wanted = NewBooking(service_id, free[-1].starts_at, client=client)
        bookings.create_booking(session, wanted=wanted, actor=actor, now=now)


def introduce(parts: Parts, address: str) -> Iterator[str]:
    """Tokens for each role, and lines to paste.

    Args:
        parts: The service's.
        address: Where it listens.
    """
    shop = _first_shop(parts)
    if shop is None:
        yield "The demo shops were deleted; an empty DATA_DIR brings them back."
        return
    tokens = {role: _token(parts, role, shop.slug) for role in Role}
    yield f"Development tokens for {shop.slug}, good for a day:"
    for role, token in tokens.items():
        yield f"  {role}: {token}"
    bearer = f"-H 'Authorization: Bearer {tokens[Role.MANAGER]}'"
    yield "Ready to paste:"
    yield f"  curl '{address}/providers' {bearer}"
    with parts.database.shop_transaction(bound(shop)) as session:
        offered = services.list_services(session, page=PageRequest(1)).items
    day = parts.clock().date() + dt.timedelta(days=1)
    until = day + dt.timedelta(days=7)
    for service in offered:
        yield (
            f"  curl '{address}/availability?service_id={service.id}"
            f"&from={day}T00:00:00Z&to={until}T00:00:00Z&limit=5' {bearer}"
        )
    yield f"  curl '{address}/bookings' {bearer}"
    yield f"API documentation: {address}/docs"


def _first_shop(parts: Parts) -> ShopRecord | None:
    for demo in SHOPS:
        with suppress(ShopNotFound):
            return parts.shops.get(demo.slug)
    return None


def _token(parts: Parts, role: Role, shop: str) -> str:
    return development_token(
        parts.settings,
        role=role,
        shop=None if role is Role.PLATFORM else shop,
        subject=f"demo-{role}",
        ttl=TOKEN_LIFE,
        now=dt.datetime.now(dt.UTC),
    )
