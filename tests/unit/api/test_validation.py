from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from booking_service.api import strict_json
from booking_service.api.contract import dereferenced, operations
from booking_service.api.strict_json import MOST_VALUES
from booking_service.api.validation import FORMS
from tests.doubles import ask, bearer
from tests.examples import NOBODY, OPERATIONS, Operation
from tests.unit.api.conftest import Service

JSON = {"Content-Type": "application/json", **bearer("manager")}
WITH_BODY = [operation for operation in OPERATIONS if operation.body is not None]


def problem_of(service: Service, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    answer = ask(
        service.app, "POST", "/services", content=body, headers={**JSON, **headers}
    )
    assert service.database.reached == 0
    return answer.status_code, answer.json()


def role_for(operation: Operation) -> str:
    if operation.id == "update_own_client":
        return "client"
    return "platform" if "platform" in operation.template else "manager"


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"text"',
            b'{"name": NaN}',
            b'{"name": Infinity}',
            b'{"name": "a", "name": "b"}',
            b'{"name": "\\u0000"}',
            b'{"name": "\\ud800"}',
            b'{"\\u0000": 1}',
            b'{"name": "\xff"}',
            b'{"duration_minutes": ' + b"9" * 5000 + b"}",
            b'{"duration_minutes": 1e999}',
            b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}",
            b"[" * 100_000,
            b'{"a":' * 100_000,
        ],
        ids=lambda body: body[:24].decode("latin-1"),
    )
    def test_must_be_sound_json(self, body: bytes, service: Service) -> None:
        status, problem = problem_of(service, body)

        assert status == 400
        assert problem["type"] == "/problems/invalid-input"
        assert problem["errors"]

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/xml", "application/json; charset=latin-1", "", "json"],
    )
    def test_must_be_called_json(self, content_type: str, service: Service) -> None:
        status, problem = problem_of(service, b"{}", **{"Content-Type": content_type})

        assert status == 415
        assert problem["type"] == "/problems/unsupported-media-type"

    def test_must_be_called_json_once(self, service: Service) -> None:
        headers = [*bearer("manager").items(), *[("Content-Type", "application/json")] * 2]

        answer = ask(service.app, "POST", "/services", content=b"{}", headers=headers)

        assert answer.status_code == 415

    def test_tells_everything_that_is_wrong_at_once(self, service: Service) -> None:
        _, problem = problem_of(
            service, b'{"name": "", "duration_minutes": 0, "capacity": "2", "id": 1}'
        )

        pointers = {error["pointer"] for error in problem["errors"]}
        assert pointers == {"/name", "/duration_minutes", "/capacity", "/id"}

    def test_names_what_is_missing(self, service: Service) -> None:
        _, problem = problem_of(service, b"{}")

        pointers = [error["pointer"] for error in problem["errors"]]
        assert sorted(pointers) == ["/duration_minutes", "/name"]

    @pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
    def test_takes_no_member_that_the_contract_does_not_know(
        self, operation: Operation, service: Service
    ) -> None:
        answer = ask(
            service.app,
            operation.method,
            operation.path(),
            json={**(operation.body or {}), "id": NOBODY},
            headers=bearer(role_for(operation)),
        )

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/id"
        assert service.database.reached == 0

    @pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
    def test_every_member_of_the_wrong_type_is_named(
        self, operation: Operation, service: Service
    ) -> None:
        schema = operation.definition["requestBody"]["content"]["application/json"][
            "schema"
        ]
        wrong = {name: {"not": "this"} for name in schema["properties"]}

        answer = ask(
            service.app,
            operation.method,
            operation.path(),
            json=wrong,
            headers=bearer(role_for(operation)),
        )

        pointers = {error["pointer"].split("/")[1] for error in answer.json()["errors"]}
        assert answer.status_code == 400
        assert pointers >= set(wrong)


class TestParameters:
    @pytest.mark.parametrize(
        ("path", "query", "pointer"),
        [
            ("/bookings", "limit=0", "#/query/limit"),
            ("/bookings", "limit=201", "#/query/limit"),
            ("/bookings", "limit=1_0", "#/query/limit"),
            ("/bookings", "limit=%D9%A1", "#/query/limit"),
            ("/bookings", "limit=1.0", "#/query/limit"),
            ("/bookings", "limit=", "#/query/limit"),
            ("/bookings", f"limit={'9' * 4000}", "#/query/limit"),
            ("/bookings", "limit=1&limit=2", "#/query/limit"),
            ("/bookings", "client_id=1", "#/query/client_id"),
            ("/bookings", "status=booked", "#/query/status/0"),
            ("/bookings", "from=yesterday", "#/query/from"),
            ("/bookings", "from=infinity", "#/query/from"),
            ("/bookings", "from=2030-01-01T00:00:00", "#/query/from"),
            ("/bookings", "from=2030-01-01T00:00:00%2B99:99", "#/query/from"),
            ("/bookings", "from=2030-12-31T23:59:60Z", "#/query/from"),
            ("/bookings", "from=2030-02-30T00:00:00Z", "#/query/from"),
            (
                "/bookings",
                "from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z",
                "#/query/to",
            ),
            ("/bookings", "cursor=%20", "#/query/cursor"),
            ("/bookings", "cursor=abc", "#/query/cursor"),
            ("/bookings", "other=1", "#/query/other"),
            ("/bookings/1", "", "#/path/booking_id"),
            (f"/bookings/%7B{NOBODY}%7D", "", "#/path/booking_id"),
            (f"/providers/{NOBODY}/date-overrides/today", "", "#/path/date"),
            ("/availability", "", "#/query/service_id"),
            (
                "/availability",
                f"service_id={NOBODY}&from=2030-01-01T00:00:00Z&to=2030-04-01T00:00:00Z",
                "#/query/to",
            ),
        ],
    )
    def test_are_named_when_they_are_wrong(
        self, path: str, query: str, pointer: str, service: Service
    ) -> None:
        answer = ask(service.app, "GET", f"{path}?{query}", headers=bearer("manager"))

        assert answer.status_code == 400
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert service.database.reached == 0


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for child in node.values():
            yield from patterns(child)
    elif isinstance(node, list):
        for child in node:
            yield from patterns(child)


class TestSize:
    def test_more_values_than_any_body_needs_are_refused(self, service: Service) -> None:
        body = json.dumps({"name": "A", "x": ["x"] * MOST_VALUES}).encode()

        status, problem = problem_of(service, body)

        assert status == 400
        assert problem["detail"].endswith(f"has more than {MOST_VALUES} values")

    def test_the_largest_week_is_not(self) -> None:
        pause = {"starts": "12:00", "ends": "12:01"}
        period = {"weekday": "monday", "starts": "09:00", "ends": "17:00"}
        week = {"hours": [{**period, "breaks": [pause] * 8}] * 336}

        assert strict_json.parse(json.dumps(week).encode()) == week


class TestForms:
    def test_every_pattern_of_the_contract_has_words(self) -> None:
        requested = [
            [definition.get("parameters", []), definition.get("requestBody", {})]
            for _, _, definition in operations()
        ]

        assert {*patterns(dereferenced(requested))} == {*FORMS}

    def test_no_pattern_is_quoted(self, service: Service) -> None:
        body = {"name": "Dana", "email": "no address", "phone": "call me", "locale": "!"}

        answer = ask(service.app, "POST", "/clients", json=body, headers=bearer("manager"))

        assert answer.status_code == 400
        assert {each["detail"] for each in answer.json()["errors"]} == {
            "must be an e-mail address like dana@example.org",
            "must be a telephone number like +49 30 1234567",
            "must be a language tag like en or de-AT",
        }
