"""Everything the service refuses, each with its problem type (RFC 9457).

::

    BookingServiceError
    ├── InvalidInput              400  /problems/invalid-input
    │   └── InvalidCursor         400
    ├── MalformedRequest          400  /problems/malformed-request
    ├── PayloadTooLarge           413  /problems/payload-too-large
    ├── UriTooLong                414  /problems/uri-too-long
    ├── UnsupportedMediaType      415  /problems/unsupported-media-type
    ├── HeadersTooLarge           431  /problems/headers-too-large
    ├── Unauthenticated           401  /problems/unauthenticated
    ├── RoleMayNot                403  /problems/role-may-not
    │   └── NotLinked             403  /problems/not-linked
    ├── NotFound                  404  /problems/not-found
    ├── Conflict                  409
    │   ├── SlotRefused
    │   │   ├── SlotTaken              /problems/slot-taken
    │   │   └── SlotNotOffered         /problems/slot-not-offered
    │   ├── HoldNotUsable              /problems/hold-not-usable
    │   ├── ClientLimitReached         /problems/client-limit-reached
    │   ├── QueueClosed                /problems/queue-closed
    │   ├── AlreadyWaiting             /problems/already-waiting
    │   ├── InvalidTransition          /problems/invalid-transition
    │   ├── CancellationTooLate        /problems/cancellation-too-late
    │   ├── SubjectInUse               /problems/subject-in-use
    │   ├── HasFutureBookings          /problems/has-future-bookings
    │   ├── RequestInFlight            /problems/request-in-flight
    │   └── ChangedMeanwhile           /problems/changed-meanwhile
    ├── PreconditionFailed        412  /problems/precondition-failed
    ├── KeyReused                 422  /problems/key-reused
    ├── TooManyRequests           429  /problems/too-many-requests
    ├── ShopBusy                  503  /problems/shop-busy
    ├── KeysUnavailable           503  /problems/keys-unavailable
    └── DatabaseUnavailable       503  /problems/database-unavailable
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from booking_service.domain.availability import Reason


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with the input.

    Attributes:
        pointer: A JSON pointer into the body (RFC 6901), or ``#/query/name``,
            ``#/path/name`` or ``#/header/name`` for a parameter.
    """

    pointer: str
    detail: str


@dataclass(frozen=True)
class Alternative:
    """A start that can be booked instead."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    provider_ids: tuple[uuid.UUID, ...]


class BookingServiceError(Exception):
    """Base of everything the service refuses.

    Attributes:
        status: The HTTP status.
        type: The problem type, a path of this service.
        title: What the type means, in a few words.
        retry_after: After how many seconds it is worth trying again, if it is.
    """

    status: ClassVar[int]
    type: ClassVar[str]
    title: ClassVar[str]
    retry_after: int | None = None

    @property
    def detail(self) -> str:
        """What happened this time, for the one who asked."""
        return str(self) or f"{self.title}."


class InvalidInput(BookingServiceError):
    """The request does not say something that can be done."""

    status, type, title = 400, "/problems/invalid-input", "The input is invalid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        """Take all that is wrong, at least one."""
        super().__init__("; ".join(f"{e.pointer}: {e.detail}" for e in errors[:5]))
        self.errors = list(errors)

    @classmethod
    def at(cls, pointer: str, detail: str) -> InvalidInput:
        """One thing is wrong, at ``pointer``."""
        return cls([FieldError(pointer, detail)])


class InvalidCursor(InvalidInput):
    """The cursor was not given out for this list."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            [FieldError("#/query/cursor", "is not a cursor of this list; leave it out")]
        )


class MalformedRequest(BookingServiceError):
    """The request line has bytes that mean nothing."""

    status, type = 400, "/problems/malformed-request"
    title = "The request is malformed"


class PayloadTooLarge(BookingServiceError):
    """The body is larger than any that is needed here."""

    status, type = 413, "/problems/payload-too-large"
    title = "The body is too large"


class UnsupportedMediaType(BookingServiceError):
    """The body is not JSON in UTF-8."""

    status, type = 415, "/problems/unsupported-media-type"
    title = "Only application/json is read"


class UriTooLong(BookingServiceError):
    """The address is longer than any that is needed here."""

    status, type, title = 414, "/problems/uri-too-long", "The address is too long"


class HeadersTooLarge(BookingServiceError):
    """The header fields are larger than any that are needed here."""

    status, type = 431, "/problems/headers-too-large"
    title = "The header fields are too large"


class Unauthenticated(BookingServiceError):
    """There is no token, or not a good one."""

    status, type = 401, "/problems/unauthenticated"
    title = "A valid bearer token is needed"


class RoleMayNot(BookingServiceError):
    """The token's role may not do this."""

    status, type, title = 403, "/problems/role-may-not", "The role may not do this"


class NotLinked(RoleMayNot):
    """The token is a provider's, but no provider of the shop has its subject."""

    type, title = "/problems/not-linked", "The token belongs to no provider"

    def __init__(self) -> None:
        """Say who can mend it."""
        super().__init__(
            "No provider of this shop has the token's subject; a manager links it."
        )


class NotFound(BookingServiceError):
    """Unknown here, or another shop's: the answer is the same."""

    status, type, title = 404, "/problems/not-found", "Not found"

    def __init__(self, what: str) -> None:
        """Name the kind of thing, never its id."""
        super().__init__(f"There is no such {what}.")


class Conflict(BookingServiceError):
    """A rule of the business refuses."""

    status: ClassVar[int] = 409


class SlotRefused(Conflict):
    """The time cannot be booked; the nearest that can are named.

    Attributes:
        hold: A hold of the first alternative, as the contract writes it, if one was
            asked for.
    """

    def __init__(self, reasons: Sequence[Reason]) -> None:
        """Take all that stands against the start."""
        named = ", ".join(reason.value.replace("_", " ") for reason in reasons)
        super().__init__(f"The start cannot be booked: {named}.")
        self.reasons = list(reasons)
        self.alternatives: list[Alternative] = []
        self.hold: Mapping[str, object] | None = None


class SlotTaken(SlotRefused):
    """Another booking or hold blocks the time."""

    type, title = "/problems/slot-taken", "The slot is taken"

    def __init__(self, reasons: Sequence[Reason] = (Reason.BOOKING,)) -> None:
        """A lost race is a booking that the engine has not seen yet."""
        super().__init__(reasons)


class SlotNotOffered(SlotRefused):
    """The shop's hours and rules do not offer the time."""

    type, title = "/problems/slot-not-offered", "The slot is not offered"


class HoldNotUsable(Conflict):
    """The hold is unknown here, another's, has expired, or is for another slot.

    A hold is cited by whom it was made for, with its service, start and providers.
    """

    type, title = "/problems/hold-not-usable", "The hold cannot be used"


class ClientLimitReached(Conflict):
    """The client holds as many slots as the shop allows at once.

    Release one, or book it.
    """

    type, title = "/problems/client-limit-reached", "The client has reached a limit"


class QueueClosed(Conflict):
    """Nobody can join the queue for this: nobody would serve it within a day.

    The shop takes no walk-ins, does not offer the service now, or is closed.
    """

    type, title = "/problems/queue-closed", "The queue is closed"


class AlreadyWaiting(Conflict):
    """The client stands in the queue already."""

    type, title = "/problems/already-waiting", "The client is waiting already"


class InvalidTransition(Conflict):
    """The status of the booking or walk-in, or the time, does not allow the change."""

    type, title = "/problems/invalid-transition", "The status does not allow this"


class CancellationTooLate(Conflict):
    """The shop's notice for cancelling or moving has passed."""

    type, title = "/problems/cancellation-too-late", "It is too late for this"


class SubjectInUse(Conflict):
    """Another provider or client is linked to the subject."""

    type, title = "/problems/subject-in-use", "The subject is linked already"


class HasFutureBookings(Conflict):
    """What is booked, or what walk-ins wait for, cannot be deleted."""

    type, title = "/problems/has-future-bookings", "Somebody is still to be served"


class RequestInFlight(Conflict):
    """The same request, with the same key, is being answered at this moment.

    Send it again after the seconds in the header Retry-After.
    """

    type, title = "/problems/request-in-flight", "The same request is being answered"
    retry_after = 1


class PreconditionFailed(BookingServiceError):
    """The resource is no longer, or not yet, what the request names.

    Read it again, and send its new ETag with the change that you still want.
    """

    status, type = 412, "/problems/precondition-failed"
    title = "The resource has changed"


class KeyReused(BookingServiceError):
    """The Idempotency-Key was used for another request.

    Make a new key for each intention, and keep it for the retries of this one.
    """

    status, type = 422, "/problems/key-reused"
    title = "The Idempotency-Key was used before"


class TooManyRequests(BookingServiceError):
    """More requests came than this bearer or shop may send.

    Wait for the seconds in the header Retry-After.
    """

    status, type = 429, "/problems/too-many-requests"
    title = "Too many requests"

    def __init__(self, whose: str, seconds: int) -> None:
        """Name whose quota is used up, and for how long."""
        super().__init__(f"The quota of the {whose} is used up.")
        self.retry_after = seconds


class ChangedMeanwhile(Conflict):
    """Somebody else changed the same record at the same time."""

    type, title = "/problems/changed-meanwhile", "The record was just changed"


class ShopBusy(BookingServiceError):
    """The shop has so many requests under way that this one's turn did not come.

    Nothing was done; send it again after the seconds in the header Retry-After.
    """

    status, type, title = 503, "/problems/shop-busy", "The shop is busy"
    retry_after = 2


class KeysUnavailable(BookingServiceError):
    """The auth service's keys could not be fetched yet, so no token can be judged."""

    status, type = 503, "/problems/keys-unavailable"
    title = "Tokens cannot be verified yet"


class DatabaseUnavailable(BookingServiceError):
    """The database cannot be reached; nothing was changed."""

    status, type = 503, "/problems/database-unavailable"
    title = "The service is briefly unavailable"


@dataclass(frozen=True)
class ProblemType:
    """A problem type that is not raised as an error of ours, for its page."""

    type: str
    status: int
    title: str
    about: str = field(default="")


def _spoken_by(error: type[BookingServiceError], about: str) -> ProblemType:
    return ProblemType(error.type, error.status, error.title, about)


HTTP_PROBLEMS = (
    _spoken_by(NotFound, "Unknown here, or another shop's: the answer is the same."),
    _spoken_by(MalformedRequest, "The request line has bytes that mean nothing."),
    ProblemType(
        "/problems/method-not-allowed",
        405,
        "The method is not allowed here",
        "The header Allow names those that are.",
    ),
    ProblemType(
        "/problems/internal-error",
        500,
        "Something went wrong here",
        "It was logged under the instance that the problem names.",
    ),
)
"""Problems that HTTP itself knows, told by the router."""
