"""``Idempotency-Key``: a creation that is asked for twice is done once."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.exchange import Body
from booking_service.api.security import claims, needs_shop
from booking_service.services import idempotency
from booking_service.services.idempotency import Attempt, Reply
from tenants.middleware import current_shop, shop_transaction

HEADER = "Idempotency-Key"


def create_once(
    body: Body,
    create: Callable[[Session], Reply],
    *,
    still_true: Callable[[Session, Reply], bool] = lambda *_: True,
) -> flask.Response:
    """Create something in the shop's transaction, once for each key.

    Args:
        body: Of the request.
        create: Calls the service and says what to answer.
        still_true: Whether an answer that is kept may be given again.
    """
    with shop_transaction() as session:
        reply = idempotency.once(
            session,
            attempt(body),
            now=exchange.now(),
            work=lambda: create(session),
            still_true=lambda kept: still_true(session, kept),
        )
    return answers.sent(reply)


def attempt(body: Body) -> Attempt | None:
    """The request as one that may come again; None if it names no key."""
    key = flask.request.headers.get(HEADER)
    token = claims()
    if key is None or token is None:
        return None
    shop = str(current_shop().id) if needs_shop(token) else ""
    bearer = [shop, token["iss"], token["role"], token["sub"]]
    wanted = json.dumps(body, sort_keys=True)
    return Attempt(
        key=_digest(*bearer, exchange.operation_name(), key),
        fingerprint=_digest(flask.request.full_path, wanted),
    )


def _digest(*parts: str) -> uuid.UUID:
    text = json.dumps(parts).encode()
    return uuid.UUID(bytes=hashlib.blake2b(text, digest_size=16).digest())
