"""SQLAlchemy models of a shop's schema, one file per aggregate."""

from booking_service.models.base import ShopBase
from booking_service.models.bookings import Allocation, Booking
from booking_service.models.calendar_feeds import CalendarFeed
from booking_service.models.clients import Client
from booking_service.models.closures import Closure
from booking_service.models.counters import RULES, ScheduleCounter
from booking_service.models.history import BookingChange
from booking_service.models.holds import Hold
from booking_service.models.hours import DateOverride, WorkingHours
from booking_service.models.idempotency import KeptAnswer
from booking_service.models.providers import Provider
from booking_service.models.resources import Resource
from booking_service.models.services import Service, ServiceProvider
from booking_service.models.shop import ShopSettings
from booking_service.models.time_off import TimeOff
from booking_service.models.walk_ins import WalkIn

__all__ = [
    "RULES",
    "Allocation",
    "Booking",
    "BookingChange",
    "CalendarFeed",
    "Client",
    "Closure",
    "DateOverride",
    "Hold",
    "KeptAnswer",
    "Provider",
    "Resource",
    "ScheduleCounter",
    "Service",
    "ServiceProvider",
    "ShopBase",
    "ShopSettings",
    "TimeOff",
    "WalkIn",
    "WorkingHours",
]
