"""Bookings as iCalendar objects (RFC 5545), with what RFC 7986 adds for feeds."""

from __future__ import annotations

import datetime as dt
import re

from icalendar import Calendar
from icalendar import Event as Component

from booking_service.domain.ids import made_at
from booking_service.domain.localtime import LAST_DATE
from booking_service.domain.status import Status
from booking_service.models import TimeOff
from booking_service.repositories.calendars import Event
from booking_service.services.calendars import ProviderCalendar

REFRESHED, REFRESHED_TEXT = dt.timedelta(minutes=15), "PT15M"
STATUSES = {Status.PENDING: "TENTATIVE", Status.CANCELLED: "CANCELLED"}
# Lines may be broken by a line feed, which is escaped; no text has other controls.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]")


def of_provider(calendar: ProviderCalendar) -> str:
    """A provider's bookings and absences."""
    name = f"{calendar.name} – {calendar.shop}"
    document = _calendar(name)
    document.add("REFRESH-INTERVAL", REFRESHED, parameters={"VALUE": "DURATION"})
    document.add("X-PUBLISHED-TTL", REFRESHED_TEXT)
    for event in calendar.events:
        document.add_component(_event(event, f"{event.service} – {event.client or '?'}"))
    for absence in calendar.absences:
        document.add_component(_absence(absence))
    return _text(document)


def of_booking(event: Event, *, shop: str, for_client: bool) -> str:
    """One booking.

    Args:
        event: The booking.
        shop: What people call the shop.
        for_client: Whether it is for the one who comes, who knows its own name.
    """
    document = _calendar(shop)
    summary = event.service
    if not for_client and event.client is not None:
        summary = f"{event.service} – {event.client}"
    component = _event(event, summary)
    component.add("LOCATION", _clean(f"{shop}, {event.provider}"))
    document.add_component(component)
    return _text(document)


def _calendar(name: str) -> Calendar:
    document = Calendar()
    document.add("PRODID", "-//Booking Service//EN")
    document.add("VERSION", "2.0")
    document.add("CALSCALE", "GREGORIAN")
    document.add("NAME", _clean(name))
    document.add("X-WR-CALNAME", _clean(name))
    return document


def _event(event: Event, summary: str) -> Component:
    booking = event.booking
    component = Component()
    component.add("UID", str(booking.id))
    # Without a METHOD this is when the booking was last changed (RFC 5545, 3.8.7.2).
    component.add("DTSTAMP", booking.updated_at)
    component.add("LAST-MODIFIED", booking.updated_at)
    component.add("CREATED", booking.created_at)
    component.add("SEQUENCE", booking.schedule_version - 1)
    component.add("DTSTART", booking.starts_at)
    component.add("DTEND", booking.ends_at)
    component.add("SUMMARY", _clean(summary))
    component.add("STATUS", STATUSES.get(Status(booking.status), "CONFIRMED"))
    if booking.notes:
        component.add("DESCRIPTION", _clean(booking.notes))
    return component


def _absence(absence: TimeOff) -> Component:
    component = Component()
    component.add("UID", str(absence.id))
    component.add("DTSTAMP", made_at(absence.id))
    component.add("SEQUENCE", absence.version - 1)
    if absence.starts_on is not None and absence.ends_on is not None:
        component.add("DTSTART", min(absence.starts_on, LAST_DATE))
        # The day behind the last one; there is none behind the end of the calendar.
        component.add("DTEND", min(absence.ends_on, LAST_DATE) + dt.timedelta(days=1))
    else:
        component.add("DTSTART", absence.starts_at)
        component.add("DTEND", absence.ends_at)
    component.add("SUMMARY", _clean(absence.reason or "Time off"))
    return component


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _text(document: Calendar) -> str:
    content: bytes = document.to_ical()
    return content.decode()
