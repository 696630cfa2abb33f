"""The plain application: no layers, no contract, one schema for all shops.

It verifies the same tokens, keeps the same promises for the three cases that are
measured, and is written the way one would in an afternoon.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import flask
import jwt
import psycopg2
import psycopg2.errors
import psycopg2.extras

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call] # untyped there
app = flask.Flask(__name__)
keys = jwt.PyJWKClient(os.environ["AUTH_JWKS_URL"])
local = threading.local()
HOUR = dt.timedelta(hours=1)


def connected() -> Any:
    """This thread's connection."""
    if not hasattr(local, "connection"):
        local.connection = psycopg2.connect(os.environ["BASELINE_DATABASE_URL"])
    return local.connection


def bearer(cursor: Any) -> tuple[dict[str, Any], int, ZoneInfo]:
    """The token's claims, and the shop's id and zone."""
    token = flask.request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, ["RS256"], audience=os.environ["AUTH_AUDIENCE"])
    except jwt.PyJWTError:
        flask.abort(401)
    cursor.execute("SELECT id, timezone FROM shops WHERE slug = %s", (claims["shop"],))
    shop_id, timezone = cursor.fetchone() or flask.abort(403)
    return claims, shop_id, ZoneInfo(timezone)


def free_starts(
    cursor: Any,
    shop_id: int,
    zone: ZoneInfo,
    provider_id: uuid.UUID,
    service_id: uuid.UUID,
    first: dt.datetime,
    last: dt.datetime,
) -> tuple[list[dt.datetime], dt.timedelta]:
    """The starts in ``[first, last)`` at which a provider is free."""
    cursor.execute(
        "SELECT duration_minutes FROM services JOIN provider_services ON service_id = id"
        " WHERE id = %s AND shop_id = %s AND provider_id = %s",
        (service_id, shop_id, provider_id),
    )
    (minutes,) = cursor.fetchone() or flask.abort(404)
    length = dt.timedelta(minutes=minutes)
    cursor.execute(
        "SELECT weekday, starts, ends FROM working_hours WHERE provider_id = %s",
        (provider_id,),
    )
    hours = cursor.fetchall()
    cursor.execute(
        "SELECT lower(during), upper(during) FROM bookings WHERE provider_id = %(provider)s"
        " AND status <> 'cancelled' AND during && tstzrange(%(first)s, %(last)s)"
        " UNION ALL SELECT lower(during), upper(during) FROM time_off"
        " WHERE provider_id = %(provider)s AND during && tstzrange(%(first)s, %(last)s)"
        " UNION ALL SELECT lower(during), upper(during) FROM closures"
        " WHERE shop_id = %(shop)s AND during && tstzrange(%(first)s, %(last)s)",
        {
            "provider": provider_id,
            "shop": shop_id,
            "first": first - 24 * HOUR,
            "last": last + 24 * HOUR,
        },
    )
    busy = cursor.fetchall()
    found = []
    day = first.astimezone(zone).date()
    while day <= last.astimezone(zone).date():
        for weekday, opens, closes in hours:
            if weekday != day.weekday():
                continue
            start = dt.datetime.combine(day, opens, zone).astimezone(dt.UTC)
            end = dt.datetime.combine(day, closes, zone).astimezone(dt.UTC)
            while start + length <= end:
                is_wanted = max(first, dt.datetime.now(dt.UTC)) <= start < last
                if is_wanted and all(b <= start or a >= start + length for a, b in busy):
                    found.append(start)
                start += length
        day += dt.timedelta(days=1)
    return found, length


def own_record(cursor: Any, shop_id: int, subject: str) -> uuid.UUID:
    """The client's record, made on first use."""
    find = "SELECT id FROM clients WHERE shop_id = %s AND subject = %s"
    cursor.execute(find, (shop_id, subject))
    found = cursor.fetchone()
    if found is None:
        cursor.execute(
            "INSERT INTO clients (id, shop_id, subject) VALUES (%s, %s, %s)"
            " ON CONFLICT (shop_id, subject) DO NOTHING",
            (uuid.uuid4(), shop_id, subject),
        )
        cursor.execute(find, (shop_id, subject))
        found = cursor.fetchone() or flask.abort(500)
    client_id: uuid.UUID = found[0]
    return client_id


@app.get("/availability")
def availability() -> Any:
    """What is free."""
    query = flask.request.args
    with connected() as connection, connection.cursor() as cursor:
        _, shop_id, zone = bearer(cursor)
        starts, length = free_starts(
            cursor,
            shop_id,
            zone,
            uuid.UUID(query["provider_id"]),
            uuid.UUID(query["service_id"]),
            dt.datetime.fromisoformat(query["from"]),
            dt.datetime.fromisoformat(query["to"]),
        )
    slots = [
        {
            "starts_at": start.isoformat(),
            "ends_at": (start + length).isoformat(),
            "provider_ids": [query["provider_id"]],
            "seats_left": 1,
        }
        for start in starts
    ]
    return {"timezone": zone.key, "slots": slots, "next_from": None}


@app.post("/bookings")
def create() -> Any:
    """Book a start that is free."""
    body = flask.request.get_json()
    provider_id, service_id = uuid.UUID(body["provider_id"]), uuid.UUID(body["service_id"])
    start = dt.datetime.fromisoformat(body["starts_at"])
    try:
        with connected() as connection, connection.cursor() as cursor:
            claims, shop_id, zone = bearer(cursor)
            starts, length = free_starts(
                cursor, shop_id, zone, provider_id, service_id, start, start + HOUR / 60
            )
            if start not in starts:
                return {"title": "The slot is taken"}, 409
            client_id = own_record(cursor, shop_id, claims["sub"])
            booking_id = uuid.uuid4()
            cursor.execute(
                "INSERT INTO bookings (id, shop_id, provider_id, service_id, client_id,"
                " during, status, notes) VALUES (%s, %s, %s, %s, %s, tstzrange(%s, %s),"
                " 'confirmed', %s)",
                (
                    booking_id,
                    shop_id,
                    provider_id,
                    service_id,
                    client_id,
                    start,
                    start + length,
                    body.get("notes"),
                ),
            )
            cursor.execute(
                "INSERT INTO events (shop_id, type, payload) VALUES (%s, %s, %s)",
                (
                    shop_id,
                    "booking.created",
                    psycopg2.extras.Json({"booking_id": str(booking_id)}),
                ),
            )
            return found(cursor, shop_id, booking_id), 201
    except psycopg2.errors.ExclusionViolation:
        return {"title": "The slot is taken"}, 409


@app.get("/bookings/<uuid:booking_id>")
def get(booking_id: uuid.UUID) -> Any:
    """One booking."""
    with connected() as connection, connection.cursor() as cursor:
        _, shop_id, _ = bearer(cursor)
        return found(cursor, shop_id, booking_id)


def found(cursor: Any, shop_id: int, booking_id: uuid.UUID) -> dict[str, Any]:
    """A booking as it is answered."""
    cursor.execute(
        "SELECT provider_id, service_id, client_id, lower(during), upper(during), status,"
        " notes, created_at FROM bookings WHERE id = %s AND shop_id = %s",
        (booking_id, shop_id),
    )
    row = cursor.fetchone() or flask.abort(404)
    return {
        "id": booking_id,
        "provider_id": row[0],
        "service_id": row[1],
        "client_id": row[2],
        "starts_at": row[3].isoformat(),
        "ends_at": row[4].isoformat(),
        "status": row[5],
        "notes": row[6],
        "created_at": row[7].isoformat(),
    }
