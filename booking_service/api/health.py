"""Health, and the contract itself."""

from __future__ import annotations

from functools import cache

import flask
from sqlalchemy import text

from booking_service.api import answers
from booking_service.api.contract import contract
from tenants.database import Database

DATABASE = "database"
# Needs no database, and is asked while the database hangs.
LIVENESS = "/health/live"


def get_liveness() -> flask.Response:
    """``GET /health/live``."""
    return answers.plain({"status": "ok"})


def get_readiness() -> flask.Response:
    """``GET /health/ready``."""
    database: Database = flask.current_app.extensions[DATABASE]
    with database.control_transaction() as session:
        session.execute(text("select 1"))
    return answers.plain({"status": "ok"})


def get_openapi() -> flask.Response:
    """``GET /openapi.json``."""
    body, tag = _document()
    return answers.kept(tag, answers.PUBLIC) or answers.tagged(body, tag, answers.PUBLIC)


@cache
def _document() -> tuple[str, str]:
    """The contract as it is sent, and its tag: a hundred kilobytes, always the same."""
    body = flask.json.dumps(contract())
    return body, answers.tag_of(body)
