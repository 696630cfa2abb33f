"""Health, the contract itself, and what problem types mean."""

from __future__ import annotations

import inspect
from functools import cache

import flask
from sqlalchemy import text

from booking_service.api import exchange
from booking_service.api.contract import contract
from booking_service.api.exchange import Json
from booking_service.errors import (
    HTTP_PROBLEMS,
    BookingServiceError,
    NotFound,
    ProblemType,
)
from tenants.database import Database
from tenants.errors import TenancyError

DATABASE = "database"


def get_liveness() -> flask.Response:
    """``GET /health/live``."""
    return exchange.plain({"status": "ok"})


def get_readiness() -> flask.Response:
    """``GET /health/ready``."""
    database: Database = flask.current_app.extensions[DATABASE]
    with database.control_transaction() as session:
        session.execute(text("select 1"))
    return exchange.plain({"status": "ok"})


def get_openapi() -> flask.Response:
    """``GET /openapi.json``."""
    return exchange.plain(contract())


def get_problem_type(name: str) -> flask.Response:
    """``GET /problems/{name}``."""
    found = problem_types().get(f"/problems/{name}")
    if found is None:
        raise NotFound("problem type")
    return exchange.plain(serialise(found))


def serialise(problem: ProblemType) -> Json:
    """A problem type as the contract's ``ProblemType``."""
    return {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "description": problem.about,
    }


@cache
def problem_types() -> dict[str, ProblemType]:
    """Every problem type that an answer may name."""
    found = {problem.type: problem for problem in HTTP_PROBLEMS}
    for leaf in (*_leaves(BookingServiceError), *_leaves(TenancyError)):
        about = inspect.cleandoc(leaf.__doc__ or "")
        found[leaf.type] = ProblemType(leaf.type, leaf.status, leaf.title, about)
    return found


def _leaves(
    base: type[BookingServiceError | TenancyError],
) -> list[type[BookingServiceError | TenancyError]]:
    found: list[type[BookingServiceError | TenancyError]] = []
    for kind in base.__subclasses__():
        if "type" in vars(kind):
            found.append(kind)
        found.extend(_leaves(kind))
    return found
