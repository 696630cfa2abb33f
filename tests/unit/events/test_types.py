from __future__ import annotations

import datetime as dt
import json
import uuid

from booking_service.domain.actors import Actor, Role, Scope
from booking_service.events.cloudevents import CloudEvent
from booking_service.events.types import BookingCreated, BookingRescheduled
from booking_service.models import Booking

NINE = dt.datetime(2030, 1, 8, 9, tzinfo=dt.UTC)
MIA = Actor(Role.MANAGER, "mia", Scope.ALL)


def booking() -> Booking:
    ids = {
        f"{name}_id": uuid.UUID(int=n)
        for n, name in enumerate(("provider", "service", "client"))
    }
    return Booking(
        id=uuid.UUID(int=9),
        starts_at=NINE,
        ends_at=NINE + dt.timedelta(hours=1),
        status="confirmed",
        further_provider_ids=[],
        resource_ids=[uuid.UUID(int=5)],
        notes="her number is 0301234",
        **ids,
    )


class TestPayload:
    def test_is_plain_json_with_the_facts(self) -> None:
        payload = BookingCreated.of(booking(), by=MIA).payload()

        assert json.loads(json.dumps(payload)) == payload
        assert payload["starts_at"] == "2030-01-08T09:00:00Z"
        assert payload["by"] == "manager"
        assert payload["provider_ids"] == [payload["provider_id"]]
        assert payload["resource_ids"] == [str(uuid.UUID(int=5))]

    def test_leaves_out_what_people_wrote(self) -> None:
        assert "0301234" not in json.dumps(BookingCreated.of(booking(), by=MIA).payload())

    def test_names_the_service_itself_where_nobody_asked(self) -> None:
        assert BookingCreated.of(booking(), by=None).payload()["by"] == "service"

    def test_of_a_move_tells_where_from(self) -> None:
        before = NINE - dt.timedelta(days=1)
        event = BookingRescheduled.of(
            booking(),
            by=MIA,
            previous_starts_at=before,
            previous_provider_ids=(uuid.UUID(int=5),),
        )

        assert event.payload()["previous_starts_at"] == "2030-01-07T09:00:00Z"


class TestDocument:
    def test_is_a_cloudevent(self) -> None:
        event = CloudEvent(
            id=uuid.UUID(int=1),
            shop_id=uuid.UUID(int=2),
            type="booking.created",
            subject=uuid.UUID(int=9),
            sequence=1,
            number=7,
            occurred_at=NINE,
            payload={"status": "confirmed"},
        )

        document = event.document()

        assert document["specversion"] == "1.0"
        assert document["source"] == f"/shops/{uuid.UUID(int=2)}"
        assert document["time"] == "2030-01-08T09:00:00Z"
        assert document["data"] == {"status": "confirmed"}
