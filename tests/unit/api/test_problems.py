from __future__ import annotations

import json

import pytest
from sqlalchemy.exc import OperationalError

from booking_service.api.contract import contract
from booking_service.api.problem_types import problem_types
from booking_service.api.problems import Problem
from booking_service.errors import (
    BookingServiceError,
    NotFound,
    ProblemType,
    RequestInFlight,
    ShopBusy,
    TooManyRequests,
)
from tenants.errors import TenancyError
from tests.doubles import ask
from tests.unit.api.conftest import Service

TYPES = list(problem_types().values())


def leaves(base: type) -> list[type]:
    below: list[type] = base.__subclasses__()
    return [base] if not below else [leaf for each in below for leaf in leaves(each)]


class TestTree:
    @pytest.mark.parametrize("leaf", leaves(BookingServiceError) + leaves(TenancyError))
    def test_every_leaf_has_its_own_words(
        self, leaf: type[BookingServiceError | TenancyError]
    ) -> None:
        assert 400 <= leaf.status <= 503
        assert leaf.type.startswith("/problems/")
        assert leaf.title
        assert leaf.__doc__

    @pytest.mark.parametrize("leaf", leaves(BookingServiceError) + leaves(TenancyError))
    def test_every_status_is_one_the_contract_or_the_edge_knows(
        self, leaf: type[BookingServiceError | TenancyError]
    ) -> None:
        documented = {
            int(status)
            for item in contract()["paths"].values()
            for operation in item.values()
            for status in operation["responses"]
        }

        assert leaf.status in documented | {405, 429}


class TestPages:
    @pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.type)
    def test_every_type_has_one(self, kind: ProblemType, service: Service) -> None:
        answer = ask(service.app, "GET", kind.type)

        assert answer.status_code == 200
        assert answer.json()["title"] == kind.title

    def test_an_unknown_one_is_a_404(self, service: Service) -> None:
        assert ask(service.app, "GET", "/problems/unheard-of").status_code == 404


class TestProblem:
    def test_an_error_of_ours_tells_its_facts(self) -> None:
        problem = Problem(NotFound("booking"), path="/bookings/x", request_id="abc")

        assert problem.status == 404
        assert b'"instance": "urn:request:abc"' in problem.body
        assert b"There is no such booking." in problem.body

    def test_an_unknown_error_tells_nothing(self) -> None:
        secret = RuntimeError("password=hunter2")

        problem = Problem(secret, path="/bookings", request_id="abc")

        assert problem.status == 500
        assert b"hunter2" not in problem.body

    @pytest.mark.parametrize(
        "refusal", [TooManyRequests("shop", 7), ShopBusy(), RequestInFlight()]
    )
    def test_what_passes_says_when_to_come_again(
        self, refusal: BookingServiceError
    ) -> None:
        problem = Problem(refusal, path="/bookings", request_id="abc")

        assert int(problem.headers["Retry-After"]) > 0
        assert json.loads(problem.body)["type"] == refusal.type

    def test_a_lost_database_asks_to_try_again(self) -> None:
        lost = OperationalError("select secret", {}, Exception("connection refused"))

        problem = Problem(lost, path="/bookings", request_id="abc")

        assert problem.status == 503
        assert int(problem.headers["Retry-After"]) > 0
        assert b"select" not in problem.body
