from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from booking_service.config import ConfigurationError, Environment, Settings
from booking_service.issuers import Introspection, Issuer

DEVELOPMENT = {"FLASK_ENV": "development", "SECRET_KEY": "x" * 32}
PRODUCTION = {"SECRET_KEY": "x" * 32, "DATABASE_URL": "postgresql://app@db/booking"}


class TestFromMapping:
    def test_unset_means_production(self) -> None:
        assert Settings.from_mapping(PRODUCTION).environment is Environment.PRODUCTION

    def test_an_empty_variable_counts_as_unset(self) -> None:
        settings = Settings.from_mapping(DEVELOPMENT | {"DATABASE_URL": "", "PORT": ""})

        assert settings.database_url is None
        assert settings.port == 8000

    def test_reads_what_is_given(self) -> None:
        settings = Settings.from_mapping(
            DEVELOPMENT | {"CLOCK_OFFSET_SECONDS": "-60", "PORT": "81", "DATA_DIR": "/x"}
        )

        assert settings.clock_offset == dt.timedelta(minutes=-1)
        assert (settings.port, settings.data_dir) == (81, Path("/x"))

    @pytest.mark.parametrize(
        ("variables", "name"),
        [
            (DEVELOPMENT | {"FLASK_ENV": "staging"}, "FLASK_ENV"),
            (DEVELOPMENT | {"PORT": "http"}, "PORT"),
            (DEVELOPMENT | {"PORT": "70000"}, "PORT"),
            (DEVELOPMENT | {"DATABASE_POOL_SIZE": "1"}, "DATABASE_POOL_SIZE"),
            (DEVELOPMENT | {"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY"),
            (DEVELOPMENT | {"WEB_CONCURRENCY": "many"}, "WEB_CONCURRENCY"),
            (DEVELOPMENT | {"CLOCK_OFFSET_SECONDS": "9" * 17}, "CLOCK_OFFSET_SECONDS"),
            (PRODUCTION | {"CLOCK_OFFSET_SECONDS": "1"}, "CLOCK_OFFSET_SECONDS"),
            (PRODUCTION | {"DATABASE_URL": ""}, "DATABASE_URL"),
        ],
    )
    def test_names_the_variable_that_is_wrong(
        self, variables: dict[str, str], name: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_mapping(variables)


AUTH = PRODUCTION | {
    "AUTH_ISSUER": "https://a",
    "AUTH_AUDIENCE": "us",
    "AUTH_JWKS_URL": "https://a/jwks",
}


class TestIssuers:
    def test_the_main_one_and_others(self) -> None:
        others = [
            {"issuer": "https://b", "jwks_url": "https://b/jwks"},
            {
                "issuer": "https://c",
                "jwks_url": "https://c/jwks",
                "audience": "c",
                "algorithms": ["ES256"],
                "introspection_url": "https://c/introspect",
                "introspection_client_id": "us",
                "introspection_client_secret": "secret",
            },
        ]
        variables = AUTH | {"AUTH_FURTHER_ISSUERS": json.dumps(others)}

        issuers = Settings.from_mapping(variables).issuers

        assert issuers == (
            Issuer("https://a", "us", "https://a/jwks"),
            Issuer("https://b", "us", "https://b/jwks"),
            Issuer(
                "https://c",
                "c",
                "https://c/jwks",
                ("ES256",),
                Introspection("https://c/introspect", "us", "secret"),
            ),
        )

    def test_the_main_ones_own_settings(self) -> None:
        variables = AUTH | {
            "AUTH_ALGORITHMS": "RS256, PS256",
            "AUTH_TOKEN_TYPES": "at+JWT,jwt",
            "AUTH_SHOP_CLAIM": "https://a/shop",
            "AUTH_ROLE_CLAIM": "https://a/role",
            "AUTH_INTROSPECTION_URL": "https://a/introspect",
            "AUTH_INTROSPECTION_CLIENT_ID": "us",
            "AUTH_INTROSPECTION_CLIENT_SECRET": "secret",
        }

        settings = Settings.from_mapping(variables)

        assert settings.main_issuer.algorithms == ("RS256", "PS256")
        assert settings.main_issuer.introspection is not None
        assert settings.auth_token_types == {"at+jwt", "jwt"}
        assert settings.auth_shop_claim == "https://a/shop"
        assert settings.auth_role_claim == "https://a/role"

    @pytest.mark.parametrize(
        "changes",
        [
            {"AUTH_ALGORITHMS": "HS256"},
            {"AUTH_ALGORITHMS": "none"},
            {"AUTH_ALGORITHMS": ","},
            {"AUTH_JWKS_URL": "a/jwks"},
            {"AUTH_INTROSPECTION_URL": "https://a/introspect"},
            {"AUTH_FURTHER_ISSUERS": "https://b"},
            {"AUTH_FURTHER_ISSUERS": "{}"},
            {"AUTH_FURTHER_ISSUERS": '["https://b"]'},
            {"AUTH_FURTHER_ISSUERS": '[{"issuer": "https://b"}]'},
            {"AUTH_FURTHER_ISSUERS": '[{"issuer": "", "jwks_url": "https://b"}]'},
            {"AUTH_FURTHER_ISSUERS": '[{"issuer": "b", "jwks_url": "http://b", "x": "y"}]'},
            {"AUTH_FURTHER_ISSUERS": '[{"issuer": "https://a", "jwks_url": "https://b"}]'},
        ],
    )
    def test_that_cannot_be_are_refused(self, changes: dict[str, str]) -> None:
        with pytest.raises(ConfigurationError, match="AUTH_"):
            Settings.from_mapping(AUTH | changes)

    def test_others_need_a_main_one(self) -> None:
        others = '[{"issuer": "https://b", "jwks_url": "https://b"}]'

        with pytest.raises(ConfigurationError, match="AUTH_JWKS_URL"):
            Settings.from_mapping(DEVELOPMENT | {"AUTH_FURTHER_ISSUERS": others})


class TestSecrets:
    def test_are_not_shown(self) -> None:
        variables = AUTH | {
            "SECRET_KEY": "s3cret" * 6,
            "DATABASE_URL": "postgresql://app:s3cret@db/x",
            "ADMIN_DATABASE_URL": "postgresql://admin:s3cret@db/x",
            "AUTH_INTROSPECTION_URL": "https://a/introspect",
            "AUTH_INTROSPECTION_CLIENT_ID": "us",
            "AUTH_INTROSPECTION_CLIENT_SECRET": "s3cret",
        }

        assert "s3cret" not in repr(Settings.from_mapping(variables))


class TestRequireServable:
    def test_production_needs_an_auth_service(self) -> None:
        with pytest.raises(ConfigurationError, match="AUTH_JWKS_URL"):
            Settings.from_mapping(PRODUCTION).require_servable()

    def test_a_short_secret_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="SECRET_KEY"):
            Settings.from_mapping(DEVELOPMENT | {"SECRET_KEY": "short"}).require_servable()

    def test_both_are_enough(self) -> None:
        variables = PRODUCTION | {"AUTH_JWKS_URL": "https://auth/jwks"}

        Settings.from_mapping(variables).require_servable()


class TestLoad:
    def test_the_environment_wins_over_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / ".env"
        file.write_text(f"FLASK_ENV=development\nSECRET_KEY={'y' * 40}\nPORT=1\n")
        monkeypatch.setenv("PORT", "2")
        monkeypatch.delenv("SECRET_KEY", raising=False)
        monkeypatch.setenv("FLASK_ENV", "testing")

        settings = Settings.load(file)

        assert (settings.port, settings.secret_key) == (2, "y" * 40)
        assert settings.environment is Environment.TESTING
