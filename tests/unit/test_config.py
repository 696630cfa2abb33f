from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from booking_service.config import ConfigurationError, Environment, Settings

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
