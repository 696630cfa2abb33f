"""How holds are written, alone and in refusals."""

from __future__ import annotations

from booking_service.api.answers import Json
from booking_service.domain.localtime import rfc3339
from booking_service.models import Hold


def serialise_hold(hold: Hold) -> Json:
    """A hold as the contract's ``Hold``."""
    return {
        "id": str(hold.id),
        "provider_id": str(hold.provider_id),
        "provider_ids": [str(each) for each in hold.provider_ids],
        "service_id": str(hold.service_id),
        "starts_at": rfc3339(hold.starts_at),
        "ends_at": rfc3339(hold.ends_at),
        "expires_at": rfc3339(hold.expires_at),
    }
