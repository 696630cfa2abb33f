"""``/availability``: what is free."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache, partial
from importlib.metadata import version
from typing import Any

import flask

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.candidates import asked_for
from booking_service.api.contract import contract
from booking_service.api.exchange import actor, now
from booking_service.domain.localtime import instant, rfc3339
from booking_service.errors import InvalidInput
from booking_service.services import availability
from booking_service.services.availability import Answer, Question, State
from tenants.middleware import current_shop, shop_transaction

# In a tag: time alone does not change the answer.
_ALWAYS = "always"
LONGEST_WINDOW = dt.timedelta(days=62)
DEFAULT_LIMIT = 1000


def get_availability(
    service_id: str,
    provider_id: list[str] | None = None,
    provider_mode: str | None = None,
    hold_id: str | None = None,
    limit: int | None = None,
    **window: Any,
) -> flask.Response:
    """``GET /availability``; the window's ``from`` is a word of Python."""
    starts_from, starts_before = exchange.window(window["from"], window["to"])
    if starts_before - starts_from > LONGEST_WINDOW:
        raise InvalidInput.at("#/query/to", "must be at most 62 days after from")
    question = Question(
        service_id=uuid.UUID(service_id),
        starts_from=starts_from,
        starts_before=starts_before,
        candidates=asked_for(provider_id, provider_mode, pointer="#/query/provider_id"),
        hold_id=uuid.UUID(hold_id) if hold_id else None,
        limit=limit or DEFAULT_LIMIT,
    )
    with shop_transaction() as session:
        state = availability.state(session, question, actor=actor())
        stamp = _stamp(state)
        known = next(filter(partial(_still_true, stamp), answers.known_tags()), None)
        if known is not None:
            return answers.unchanged(known)
        answer = availability.free_slots(
            session, question, actor=actor(), counter=state.rules, now=now()
        )
    tag = f"{stamp}.{_ALWAYS if answer.true_before is None else answer.true_before}"
    return answers.kept(tag) or answers.tagged(flask.json.dumps(serialise(answer)), tag)


def serialise(answer: Answer) -> Json:
    """An answer as the contract's ``Availability``."""
    return {
        "timezone": answer.timezone,
        "slots": [
            {
                "starts_at": rfc3339(slot.starts_at),
                "ends_at": rfc3339(slot.ends_at),
                "provider_ids": [str(provider) for provider in slot.provider_ids],
                "seats_left": slot.seats_left,
            }
            for slot in answer.slots
        ],
        "next_from": rfc3339(answer.next_from) if answer.next_from else None,
    }


@cache
def _made_by() -> str:
    """Who answers: another version may answer otherwise to the same counters."""
    return f"{contract()['info']['version']} {version('tzdata')}"


def _stamp(state: State) -> str:
    """What a tag begins with: the question, and the counters that speak for it."""
    counted = ",".join(f"{resource.hex}={value}" for resource, value in state.resources)
    query = flask.request.query_string.decode()
    shop, asker = current_shop().id, actor()
    # What a client may have depends on who it is, and a hold on whose it is.
    asked_by = f"{asker.role} {asker.subject}"
    return answers.tag_of(f"{_made_by()} {shop} {asked_by} {query} {state.rules} {counted}")


def _still_true(stamp: str, tag: str) -> bool:
    """Say whether nothing has changed since the answer with this tag was given."""
    given, _, true_before = tag.partition(".")
    if given != stamp:
        return False
    if true_before == _ALWAYS:
        return True
    return (
        true_before.isascii()
        and true_before.isdigit()
        and instant(now()) < int(true_before[:20])
    )
