"""How requests say who is to serve."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from booking_service.errors import InvalidInput
from booking_service.services.scheduling import Candidates

TOGETHER = "all"


def asked_for(
    provider_ids: Sequence[str] | None, mode: str | None, *, pointer: str
) -> Candidates | None:
    """Those who are named; None is anyone.

    Raises:
        InvalidInput: All are to serve, but nobody is named.
    """
    if provider_ids:
        named = list(dict.fromkeys(map(uuid.UUID, provider_ids)))
        return Candidates(named, together=mode == TOGETHER and len(named) > 1)
    if mode == TOGETHER:
        raise InvalidInput.at(pointer, "is needed to say who serve together")
    return None


def named_in(body: Mapping[str, Any]) -> Candidates | None:
    """Those whom a body names.

    Raises:
        InvalidInput: One is named and several are, or all are to serve, but nobody is
            named.
    """
    return asked_for(
        provider_ids_in(body), body.get("provider_mode"), pointer="/provider_ids"
    )


def provider_ids_in(body: Mapping[str, Any]) -> Sequence[str] | None:
    """The ids that a body names in one way or the other.

    Raises:
        InvalidInput: It names one and several.
    """
    if "provider_id" not in body:
        return body.get("provider_ids")
    if "provider_ids" in body:
        raise InvalidInput.at("/provider_ids", "give either provider_id or provider_ids")
    return [body["provider_id"]]
