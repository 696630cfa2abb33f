"""``/problems/{name}``: what a problem type means, for people and for machines."""

from __future__ import annotations

import inspect
from functools import cache
from http import HTTPStatus

import flask

from booking_service.api import answers
from booking_service.api.answers import Json
from booking_service.errors import (
    HTTP_PROBLEMS,
    BookingServiceError,
    NotFound,
    ProblemType,
)
from tenants.errors import TenancyError

JSON, HTML = "application/json", "text/html"
_STYLE = (
    "body {font: 1.1rem/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 40rem}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{ problem.title }}</title>
    <style>{{ style }}</style>
  </head>
  <body>
    <p>{{ problem.status }} {{ phrase }}</p>
    <h1>{{ problem.title }}</h1>
    {% for paragraph in paragraphs %}<p>{{ paragraph }}</p>{% endfor %}
    <p>The answer's <code>detail</code> says what happened this time. Quote its
    <code>instance</code> if you ask for help.</p>
    <p>Problem type <code>{{ problem.type }}</code>
    (<a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a>).
    All operations: <a href="/docs">documentation</a>.</p>
  </body>
</html>
"""


def get_problem_type(name: str) -> flask.Response:
    """``GET /problems/{name}``; a page for those who prefer one."""
    found = problem_types().get(f"/problems/{name}")
    if found is None:
        raise NotFound("problem type")
    accepted = flask.request.accept_mimetypes
    if accepted[HTML] > accepted[JSON]:
        response = answers.page(_page(found))
        response.headers["Content-Security-Policy"] = _POLICY
    else:
        response = answers.ok(serialise(found), caching=answers.PUBLIC)
    response.vary.add("Accept")
    return response


def _page(problem: ProblemType) -> str:
    return flask.render_template_string(
        _PAGE,
        problem=problem,
        phrase=HTTPStatus(problem.status).phrase,
        paragraphs=problem.about.split("\n\n"),
        style=_STYLE,
    )


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
