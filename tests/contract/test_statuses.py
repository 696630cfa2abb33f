"""Every status that the contract documents for an operation is really answered.

One test for each operation and status: a status without one, or one that cannot be
brought about, fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from booking_service.api.validation import Schema
from booking_service.app import create_app
from booking_service.domain.actors import Role
from booking_service.domain.permissions import OPEN_OPERATIONS, PERMISSIONS
from booking_service.repositories import idempotency
from tests.clocks import SettableClock
from tests.contract.target import Target
from tests.contract.wire import Answer, Wire
from tests.doubles import SETTINGS
from tests.examples import NOBODY, OPERATIONS, Operation
from tests.integration.driver import Caller, Shop, made
from tests.running import serving


@dataclass
class Stage:
    """What it takes to bring a status about."""

    hit: Target
    clock: SettableClock
    patch: pytest.MonkeyPatch
    address_without_database: str
    address_with_a_quota: str

    def ask(self, operation: Operation, **changes: Any) -> Answer:
        return self.hit.ask(operation, **changes)

    @property
    def manager(self) -> Caller:
        return self.hit.shop.manager

    def free(self) -> None:
        """Nothing is booked any more, and nobody waits."""
        walk_in = f"/walk-ins/{self.hit.ids['walk_in_id']}"
        made(self.manager.put(walk_in, status="left"))
        made(self.manager.delete(f"/bookings/{self.hit.ids['booking_id']}"))

    def existing(self, operation: Operation) -> bytes:
        """The path of something that is there."""
        return operation.path(**self.hit.ids).encode()


Produce = Callable[[Stage, Operation], Answer]


def succeed(stage: Stage, operation: Operation) -> Answer:
    if operation.id in ("delete_provider", "delete_resource", "delete_service"):
        stage.free()
    changes: dict[str, Any] = {}
    if operation.id == "create_booking":
        body = {
            "service_id": stage.hit.ids["service_id"],
            "starts_at": "2030-01-08T12:00:00Z",
            "client": {"name": "Dana"},
        }
        changes["body"] = json.dumps(body).encode()
    if operation.id == "create_shop":
        body = {**(operation.body or {}), "slug": f"made-{stage.hit.victim}"}
        changes["body"] = json.dumps(body).encode()
    if operation.method == "DELETE":
        changes["target"] = stage.existing(operation)
    return stage.ask(operation, **changes)


def rehearse_or_succeed(stage: Stage, operation: Operation) -> Answer:
    named = {each["name"] for each in operation.definition.get("parameters", ())}
    if "dry_run" not in named or operation.method == "PUT":
        return succeed(stage, operation)
    return stage.ask(operation, target=stage.existing(operation) + b"?dry_run=true")


def not_modified(stage: Stage, operation: Operation) -> Answer:
    tag = succeed(stage, operation).headers["etag"]
    return stage.ask(operation, headers=[(b"If-None-Match", tag.encode())])


def bad_request(stage: Stage, operation: Operation) -> Answer:
    return stage.ask(operation, target=stage.hit.path(operation) + b"?unheard-of=1")


def unauthorized(stage: Stage, operation: Operation) -> Answer:
    body = operation.body
    return stage.hit.wire.ask(
        operation.method.encode(),
        stage.hit.target(operation),
        headers=[(b"Content-Type", b"application/json")] if body else [],
        body=json.dumps(body).encode() if body else None,
    )


def forbidden(stage: Stage, operation: Operation) -> Answer:
    shop = stage.hit.shop
    if operation.template.startswith("/platform"):
        shop_of, role = shop, Role.MANAGER
    else:
        shop_of = Shop("no-such-shop", shop.parts, shop.http)
        role = next(each for each in (Role.MANAGER, Role.CLIENT) if _may(operation, each))
    token = shop_of.caller(role, "x").headers["Authorization"]
    stage.patch.setattr(stage.hit, "token", lambda _: [(b"Authorization", token.encode())])
    return stage.ask(operation)


def _may(operation: Operation, role: Role) -> bool:
    return role in PERMISSIONS[operation.id]


UNKNOWN_IN_BODY: dict[str, dict[str, Any]] = {
    "create_booking": {
        "service_id": NOBODY,
        "starts_at": "2030-01-08T12:00:00Z",
        "client": {"name": "Dana"},
    },
    "create_hold": {"service_id": NOBODY, "starts_at": "2030-01-08T12:00:00Z"},
    "create_provider": {"name": "Anna", "service_ids": [NOBODY]},
    "create_walk_in": {"service_id": NOBODY},
}


def not_found(stage: Stage, operation: Operation) -> Answer:
    if operation.id in UNKNOWN_IN_BODY:
        return stage.ask(operation, body=json.dumps(UNKNOWN_IN_BODY[operation.id]).encode())
    if "service_id" in operation.query:
        stage.hit.ids["service_id"] = NOBODY
        return stage.ask(operation)
    if operation.id == "get_problem_type":
        return stage.ask(operation, target=b"/problems/unheard-of")
    return stage.ask(operation, target=operation.path().encode())


# What the state of the standing record does not allow.
REFUSED_BODIES = {
    "update_booking": {"status": "completed"},
    "update_walk_in": {"status": "done"},
    "update_provider": {"subject": "taken"},
    "update_client": {"subject": "taken"},
}


def conflict(stage: Stage, operation: Operation) -> Answer:
    if operation.method == "POST":
        stage.patch.setattr(idempotency, "try_lock", lambda *_: False)
        return stage.ask(operation, headers=[(b"Idempotency-Key", b"k")])
    body: dict[str, Any] | None = REFUSED_BODIES.get(operation.id)
    if operation.id == "cancel_booking":
        booking = f"/bookings/{stage.hit.ids['booking_id']}"
        stage.clock.set("2030-01-08T10:30:00Z")
        made(stage.manager.put(booking, status="completed"))
    elif operation.id == "get_wait_estimate":
        stage.hit.ids["service_id"] = stage.hit.shop.add_service()["id"]
        return stage.ask(operation)
    elif operation.id == "update_platform_shop":
        body = {"slug": stage.hit.shop.slug}
    elif operation.id in ("update_provider", "update_client"):
        kind = operation.template.split("/")[1]
        made(stage.manager.post(f"/{kind}", name="Other", subject="taken"))
    changes = {} if body is None else {"body": json.dumps(body).encode()}
    return stage.ask(operation, target=stage.existing(operation), **changes)


def precondition_failed(stage: Stage, operation: Operation) -> Answer:
    return stage.ask(
        operation, target=stage.existing(operation), headers=[(b"If-Match", b'"other"')]
    )


def too_large(stage: Stage, operation: Operation) -> Answer:
    return stage.hit.wire.send(
        b"%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"
        % (operation.method.encode(), stage.hit.path(operation))
    )


def too_long(stage: Stage, operation: Operation) -> Answer:
    return stage.ask(operation, target=stage.hit.path(operation) + b"?x=" + b"y" * 40_000)


def wrong_kind(stage: Stage, operation: Operation) -> Answer:
    return stage.ask(operation, headers=[(b"Content-Type", b"text/plain")])


def key_reused(stage: Stage, operation: Operation) -> Answer:
    key = [(b"Idempotency-Key", b"the same")]
    bodies: dict[str, dict[str, Any]] = {
        "create_booking": {
            "service_id": stage.hit.ids["service_id"],
            "starts_at": "2030-01-08T12:00:00Z",
            "client": {"name": "Dana"},
        },
        "create_hold": {
            "service_id": stage.hit.ids["service_id"],
            "starts_at": "2030-01-08T12:00:00Z",
        },
        "create_shop": {"slug": f"k-{stage.hit.victim}", "name": "K", "timezone": "UTC"},
        "create_walk_in": {"service_id": stage.hit.ids["service_id"]},
    }
    body = bodies.get(operation.id, operation.body or {})
    first = stage.ask(operation, headers=key, body=json.dumps(body).encode())
    assert first.status == 201, first.body
    changes = {
        "name": "another",
        "reason": "another",
        "notes": "another",
        "starts_at": "2030-01-08T13:00:00Z",
    }
    member = next(each for each in changes if each in _members(operation))
    other = {**body, member: changes[member]}
    return stage.ask(operation, headers=key, body=json.dumps(other).encode())


def _members(operation: Operation) -> list[str]:
    content = operation.definition["requestBody"]["content"]
    return list(content["application/json"]["schema"]["properties"])


def headers_too_large(stage: Stage, operation: Operation) -> Answer:
    return stage.ask(operation, headers=[(b"X-Large", b"x" * 40_000)])


def unavailable(stage: Stage, operation: Operation) -> Answer:
    stage.hit.wire = Wire(stage.address_without_database)
    return stage.ask(operation)


def too_many(stage: Stage, operation: Operation) -> Answer:
    stage.hit.wire = Wire(stage.address_with_a_quota)
    for _ in range(QUOTA):
        stage.ask(operation)
    return stage.ask(operation)


PRODUCED_BY: dict[int, Produce] = {
    200: rehearse_or_succeed,
    201: succeed,
    204: succeed,
    304: not_modified,
    400: bad_request,
    401: unauthorized,
    403: forbidden,
    404: not_found,
    409: conflict,
    412: precondition_failed,
    413: too_large,
    414: too_long,
    415: wrong_kind,
    422: key_reused,
    429: too_many,
    431: headers_too_large,
    503: unavailable,
}


@pytest.fixture(scope="session")
def address_without_database() -> Iterator[str]:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    settings = replace(SETTINGS, database_url=nowhere, admin_database_url=nowhere)
    with serving(create_app(settings)) as address:
        yield address


QUOTA = 2


@pytest.fixture(scope="session")
def address_with_a_quota() -> Iterator[str]:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    settings = replace(
        SETTINGS,
        database_url=nowhere,
        admin_database_url=nowhere,
        rate_limit_per_subject=f"{QUOTA}/day",
    )
    with serving(create_app(settings)) as address:
        yield address


# These change nothing, and need no shop of their own.
REFUSED_EARLY = {400, 401, 403, 413, 414, 415, 429, 431, 503}


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    status: int,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    address_without_database: str,
    address_with_a_quota: str,
) -> Stage:
    name = "standing" if status in REFUSED_EARLY else "hit"
    target: Target = request.getfixturevalue(name)
    return Stage(
        replace(target, ids=dict(target.ids)),
        clock,
        monkeypatch,
        address_without_database,
        address_with_a_quota,
    )


DOCUMENTED = [
    pytest.param(operation, int(status), id=f"{operation.id}-{status}")
    for operation in OPERATIONS
    for status in operation.definition["responses"]
]


@pytest.mark.parametrize(("operation", "status"), DOCUMENTED)
def test_documented_status_is_answered(
    operation: Operation, status: int, stage: Stage
) -> None:
    answer = PRODUCED_BY[status](stage, operation)

    assert answer.status == status, answer.body[:500]
    documented = operation.definition["responses"][str(status)]
    for name in documented.get("headers", {}):
        if name not in ("Idempotent-Replayed", "Retry-After"):
            assert name.lower() in answer.headers
    kind = answer.headers.get("content-type", "").partition(";")[0]
    content = documented.get("content", {})
    assert kind in content or (not kind and not content)
    if kind.endswith("json"):
        assert list(Schema(content[kind]["schema"]).errors(json.loads(answer.body))) == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_what_every_request_may_meet_is_documented(operation: Operation) -> None:
    statuses = {int(status) for status in operation.definition["responses"]}

    expected = {400, 413, 414, 431}
    if operation.id not in OPEN_OPERATIONS:
        expected |= {401, 403, 429, 503}
    if operation.method == "GET" and not operation.template.startswith("/health"):
        expected |= {304}
    if operation.method == "POST":
        expected |= {409, 422}
    if operation.method in ("PUT", "DELETE"):
        expected |= {412}
    if operation.body is not None:
        expected |= {415}
    assert statuses >= expected
