"""``/docs``: Swagger UI from files of our own; nothing is loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

import flask
from swagger_ui_bundle import swagger_ui_path

docs = flask.Blueprint("docs", __name__)

ASSETS = Path(str(swagger_ui_path))
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Booking Service</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
});
"""


@docs.get("/docs", provide_automatic_options=False)
def page() -> flask.Response:
    """The page."""
    return _with_policy(flask.Response(_PAGE, content_type="text/html; charset=utf-8"))


@docs.get("/docs/start.js", provide_automatic_options=False)
def start() -> flask.Response:
    """What starts the page; a file, since the policy allows no inline scripts."""
    return _with_policy(flask.Response(_START, content_type="text/javascript"))


@docs.get("/docs/<asset>", provide_automatic_options=False)
def asset(asset: str) -> flask.Response:
    """A file of Swagger UI."""
    return _with_policy(flask.send_from_directory(ASSETS, asset, conditional=False))


def _with_policy(response: flask.Response) -> flask.Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response
