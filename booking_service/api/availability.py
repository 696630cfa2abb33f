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
from booking_service.api.times import parse_instant
from booking_service.domain.localtime import instant, rfc3339
from booking_service.errors import InvalidInput
from booking_service.services import availability
from booking_service.services.availability import Answer, Question, State, Wish
from tenants.middleware import current_shop, shop_transaction

# In a tag: time alone does not change the answer.
_ALWAYS = "always"
LONGEST_WINDOW = dt.timedelta(days=62)
DEFAULT_LIMIT = 1000
DEFAULT_NEXT = 5


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
    wish = _wish(service_id, provider_id, provider_mode, hold_id)
    question = Question(wish, starts_from, starts_before, limit or DEFAULT_LIMIT)
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


def list_next_slots(
    service_id: str,
    provider_id: list[str] | None = None,
    provider_mode: str | None = None,
    hold_id: str | None = None,
    limit: int | None = None,
    **query: str,
) -> flask.Response:
    """``GET /availability/next``; ``from`` is a word of Python."""
    wish = _wish(service_id, provider_id, provider_mode, hold_id)
    starts_from = parse_instant(query["from"]) if "from" in query else now()
    with shop_transaction() as session:
        answer = availability.next_slots(
            session,
            wish,
            starts_from=starts_from,
            limit=limit or DEFAULT_NEXT,
            actor=actor(),
            now=now(),
        )
    return answers.ok({"timezone": answer.timezone, "slots": _slots(answer)})


def get_explanation(
    service_id: str,
    starts_at: str,
    provider_id: list[str] | None = None,
    provider_mode: str | None = None,
    hold_id: str | None = None,
) -> flask.Response:
    """``GET /availability/explain``."""
    wish = _wish(service_id, provider_id, provider_mode, hold_id)
    with shop_transaction() as session:
        found = availability.explain(
            session, wish, starts_at=parse_instant(starts_at), actor=actor(), now=now()
        )
    return answers.ok(
        {
            "starts_at": rfc3339(found.starts_at),
            "ends_at": rfc3339(found.ends_at),
            "bookable": not found.reasons,
            "reasons": found.reasons,
            "providers": [
                {"provider_id": str(each), "bookable": not reasons, "reasons": reasons}
                for each, reasons in found.of_providers.items()
            ],
        }
    )


def _wish(
    service_id: str,
    provider_id: list[str] | None,
    provider_mode: str | None,
    hold_id: str | None,
) -> Wish:
    candidates = asked_for(provider_id, provider_mode, pointer="#/query/provider_id")
    hold = uuid.UUID(hold_id) if hold_id else None
    return Wish(uuid.UUID(service_id), candidates, hold)


def serialise(answer: Answer) -> Json:
    """An answer as the contract's ``Availability``."""
    return {
        "timezone": answer.timezone,
        "slots": _slots(answer),
        "next_from": rfc3339(answer.next_from) if answer.next_from else None,
    }


def _slots(answer: Answer) -> list[Json]:
    # The same few providers stand in thousands of slots.
    everyone = {each for slot in answer.slots for each in slot.provider_ids}
    names = {provider: str(provider) for provider in everyone}
    return [
        {
            "starts_at": rfc3339(slot.starts_at),
            "ends_at": rfc3339(slot.ends_at),
            "provider_ids": [names[each] for each in slot.provider_ids],
            "seats_left": slot.seats_left,
        }
        for slot in answer.slots
    ]


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
