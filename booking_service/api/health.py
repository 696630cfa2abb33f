"""Health, and the contract itself."""

from __future__ import annotations

import flask
from sqlalchemy import text

from booking_service.api import answers
from booking_service.api.contract import contract
from tenants.database import Database

DATABASE = "database"


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
    return answers.ok(contract(), caching=answers.PUBLIC)
