"""``dry_run``: what a change of hours would do, without doing it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import flask

from booking_service.api import answers
from booking_service.api.bookings import serialise
from booking_service.services.attention import Rehearsed

MOST_NAMED = 200
Parameters = ParamSpec("Parameters")


def rehearsable(
    handler: Callable[Parameters, flask.Response],
) -> Callable[Parameters, flask.Response]:
    """Answer with the bookings that would fall outside, if that is all that is asked."""

    @wraps(handler)
    def answered(*args: Parameters.args, **kwargs: Parameters.kwargs) -> flask.Response:
        try:
            return handler(*args, **kwargs)
        except Rehearsed as trial:
            named = [serialise(each) for each in trial.bookings[:MOST_NAMED]]
            return answers.plain({"total": len(trial.bookings), "bookings": named})

    return answered
