"""What every answer bears, whoever gave it."""

from __future__ import annotations

import gzip
from dataclasses import replace

import httpx
import pytest
from starlette.types import ASGIApp

from booking_service.app import create_app
from booking_service.config import ConfigurationError, Environment, Settings
from tests.doubles import SETTINGS, TrustingVerifier, ask, bearer
from tests.examples import OPERATIONS, Operation
from tests.unit.api.conftest import Service

ORIGIN = "https://book.example"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def app_with(**changes: object) -> ASGIApp:
    settings = replace(SETTINGS, database_url="postgresql://nobody@nowhere/", **changes)  # type: ignore[arg-type] # fields of Settings
    return create_app(settings, verifier=TrustingVerifier())


class TestSecurity:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
    def test_browsers_are_told_to_be_careful(
        self, operation: Operation, service: Service
    ) -> None:
        headers = ask(service.app, operation.method, operation.path()).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "cache-control" in headers

    def test_https_is_asked_for_in_production_only(self, service: Service) -> None:
        keys = {"environment": Environment.PRODUCTION, "auth_jwks_url": "https://x.example"}
        production = app_with(**keys)

        answers = [ask(app, "GET", "/health/live") for app in (service.app, production)]

        assert "strict-transport-security" not in answers[0].headers
        assert "max-age" in answers[1].headers["strict-transport-security"]


class TestCaching:
    @pytest.mark.parametrize(
        ("path", "caching"),
        [
            ("/health/live", "no-store"),
            ("/openapi.json", "public, max-age=300"),
            ("/problems/slot-taken", "public, max-age=300"),
            ("/problems/unheard-of", "no-store"),
            ("/bookings", "no-store"),  # without a token
        ],
    )
    def test_is_right_for_each_kind(
        self, path: str, caching: str, service: Service
    ) -> None:
        assert ask(service.app, "GET", path).headers["cache-control"] == caching

    def test_public_answers_have_tags(self, service: Service) -> None:
        tag = ask(service.app, "GET", "/openapi.json").headers["etag"]

        again = ask(service.app, "GET", "/openapi.json", headers={"If-None-Match": tag})

        assert again.status_code == 304

    def test_a_name_with_an_underscore_is_not_that_with_a_hyphen(
        self, service: Service
    ) -> None:
        answer = ask(service.app, "GET", "/openapi.json", headers={"If_None_Match": "*"})

        assert answer.status_code == 200


class TestTrace:
    def test_names_the_request(self, service: Service) -> None:
        headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}

        answer = ask(service.app, "GET", "/shop", headers=headers)

        assert answer.headers["x-request-id"] == TRACE
        assert answer.json()["instance"] == f"urn:request:{TRACE}"

    def test_does_not_replace_the_requests_own_name(self, service: Service) -> None:
        headers = {
            "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            "X-Request-Id": "my-own-name",
        }

        answer = ask(service.app, "GET", "/health/live", headers=headers)

        assert answer.headers["x-request-id"] == "my-own-name"

    @pytest.mark.parametrize(
        "bad",
        [
            f"ff-{TRACE}-b7ad6b7169203331-01",
            f"00-{'0' * 32}-b7ad6b7169203331-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"00-{TRACE.upper()}-b7ad6b7169203331-01",
            f"00-{TRACE}",
            "nonsense",
        ],
    )
    def test_is_ignored_if_it_is_none(self, bad: str, service: Service) -> None:
        answer = ask(service.app, "GET", "/health/live", headers={"traceparent": bad})

        assert answer.headers["x-request-id"].lower() != TRACE


class TestCompression:
    def test_is_for_those_who_ask(self, service: Service) -> None:
        packed, plain = (
            ask(service.app, "GET", "/openapi.json", headers={"Accept-Encoding": coding})
            for coding in ("gzip", "identity")
        )

        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.json() == plain.json()
        assert int(packed.headers["content-length"]) < len(plain.content) / 4
        for answer in (packed, plain):
            assert "Accept-Encoding" in answer.headers["vary"]

    def test_leaves_small_answers_alone(self, service: Service) -> None:
        headers = {"Accept-Encoding": "gzip"}

        answer = ask(service.app, "GET", "/health/live", headers=headers)

        assert "content-encoding" not in answer.headers
        assert len(gzip.compress(answer.content)) > len(answer.content)


@pytest.fixture(scope="module")
def crossing() -> ASGIApp:
    return app_with(cors_origins=(ORIGIN,))


class TestCors:
    def preflight(self, app: ASGIApp, **headers: str) -> httpx.Response:
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization, idempotency-key, if-match",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return ask(app, "OPTIONS", "/bookings", headers=asked)

    def test_lets_the_pages_in_that_are_named(self, crossing: ASGIApp) -> None:
        answer = self.preflight(crossing)

        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "PUT" in answer.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize(
        "wrong",
        [
            {"Origin": "https://evil.example"},
            {"Access-Control-Request-Method": "PATCH"},
            {"Access-Control-Request-Headers": "x-strange"},
        ],
    )
    def test_tells_others_why_not(self, crossing: ASGIApp, wrong: dict[str, str]) -> None:
        answer = self.preflight(crossing, **wrong)

        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Disallowed CORS" in answer.json()["detail"]

    def test_lets_pages_read_what_they_need(self, crossing: ASGIApp) -> None:
        answer = ask(crossing, "GET", "/bookings", headers={"Origin": ORIGIN})

        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        exposed = answer.headers["access-control-expose-headers"]
        assert {"ETag", "Location", "Retry-After"} <= {*exposed.split(", ")}

    def test_lets_them_read_what_the_edge_refuses(self, crossing: ASGIApp) -> None:
        answer = ask(crossing, "GET", "/bookings?a=%00", headers={"Origin": ORIGIN})

        assert answer.status_code == 400
        assert answer.headers["access-control-allow-origin"] == ORIGIN

    def test_is_off_unless_it_is_set(self, service: Service) -> None:
        answer = self.preflight(service.app)

        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers

    def test_takes_origins_with_commas_between(self) -> None:
        variables = {
            "FLASK_ENV": "testing",
            "CORS_ORIGINS": "https://a.example, http://localhost:3000",
        }

        settings = Settings.from_mapping(variables)

        assert settings.cors_origins == ("https://a.example", "http://localhost:3000")

    @pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "null", "*,x"])
    def test_refuses_what_is_no_origin(self, origin: str) -> None:
        with pytest.raises(ConfigurationError, match="CORS_ORIGINS"):
            Settings.from_mapping({"FLASK_ENV": "testing", "CORS_ORIGINS": origin})


class TestProblemPages:
    def test_are_for_people_who_prefer_them(self, service: Service) -> None:
        headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

        page = ask(service.app, "GET", "/problems/slot-taken", headers=headers)

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "<h1>The slot is taken</h1>" in page.text
        assert "Accept" in page.headers["vary"]

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0.1,*/*"])
    def test_are_json_for_machines(self, accept: str, service: Service) -> None:
        headers = {"Accept": accept}

        answer = ask(service.app, "GET", "/problems/slot-taken", headers=headers)

        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["type"] == "/problems/slot-taken"

    def test_have_a_tag_each(self, service: Service) -> None:
        tags = {
            ask(
                service.app, "GET", "/problems/slot-taken", headers={"Accept": accept}
            ).headers["etag"]
            for accept in ("text/html", "application/json")
        }

        assert len(tags) == 2


class TestHeaderParameters:
    @pytest.mark.parametrize("key", ["k" * 256, "\u00fc"])
    def test_a_key_that_cannot_be_is_named(self, key: str, service: Service) -> None:
        headers = {**bearer("manager"), "Idempotency-Key": key.encode("latin-1")}

        answer = ask(service.app, "POST", "/clients", json={"name": "D"}, headers=headers)

        assert answer.status_code == 400
        assert [each["pointer"] for each in answer.json()["errors"]] == [
            "#/header/Idempotency-Key"
        ]

    def test_are_named_together_with_all_else(self, service: Service) -> None:
        headers = {**bearer("manager"), "Idempotency-Key": "k" * 256}

        answer = ask(service.app, "POST", "/clients?x=1", json={}, headers=headers)

        assert {each["pointer"] for each in answer.json()["errors"]} == {
            "#/query/x",
            "#/header/Idempotency-Key",
            "/name",
        }


class TestLiteralPaths:
    """A path that the contract spells out is no value of a parameter."""

    @pytest.mark.parametrize("path", ["/walk-ins/estimate", "/walk-ins/accuracy"])
    @pytest.mark.parametrize("token", [{}, bearer("manager")])
    def test_have_their_own_methods(
        self, path: str, token: dict[str, str], service: Service
    ) -> None:
        answer = ask(service.app, "PUT", path, json={"status": "left"}, headers=token)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"
        assert service.database.reached == 0
