"""Settings, read once from the environment and ``.env``."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parents[1]
SHORTEST_SECRET = 32
MOST_WORKERS = 64
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
FARTHEST_OFFSET_SECONDS = 100 * 366 * 86_400


class Environment(StrEnum):
    """How much the process trusts its surroundings; unset means production."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TESTING = "testing"


class ConfigurationError(Exception):
    """A setting is missing or contradicts another; the text names it."""


@dataclass(frozen=True)
class Settings:
    """Everything the service can be told; ``.env.example`` explains each.

    Attributes:
        workers: How many processes serve.
        cors_origins: Whose pages may call the API; ``*`` is everyone's.
        clock_offset: Added to the system's clock for the service's ``now``.
        database_url: None only in development: the embedded PostgreSQL.
    """

    environment: Environment
    secret_key: str
    database_url: str | None = None
    admin_database_url: str | None = None
    clock_offset: dt.timedelta = dt.timedelta(0)
    auth_issuer: str = "booking-service"
    auth_audience: str = "booking-service"
    auth_jwks_url: str | None = None
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    pool_size: int = 10
    shops_per_connection: int = 200
    validate_responses: bool = False
    cors_origins: tuple[str, ...] = ()

    @property
    def is_production(self) -> bool:
        """Whether nothing may be assumed."""
        return self.environment is Environment.PRODUCTION

    @classmethod
    def load(cls, dotenv: Path | None = None) -> Settings:
        """Read ``.env`` (of the working directory unless given) and the environment.

        The environment wins.

        Raises:
            ConfigurationError: A setting is missing or malformed.
        """
        file = dotenv_values(dotenv or Path(".env"))
        kept = {name: value for name, value in file.items() if value is not None}
        return cls.from_mapping({**kept, **os.environ})

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Settings:
        """Make settings of environment variables; an empty one counts as unset.

        Raises:
            ConfigurationError: A setting is missing or malformed.
        """
        given = {name: value for name, value in variables.items() if value}
        settings = cls(
            environment=_environment(given.get("FLASK_ENV", "production")),
            secret_key=given.get("SECRET_KEY", ""),
            database_url=given.get("DATABASE_URL"),
            admin_database_url=given.get("ADMIN_DATABASE_URL"),
            clock_offset=_offset(given),
            auth_issuer=given.get("AUTH_ISSUER", cls.auth_issuer),
            auth_audience=given.get("AUTH_AUDIENCE", cls.auth_audience),
            auth_jwks_url=given.get("AUTH_JWKS_URL"),
            data_dir=Path(given.get("DATA_DIR", str(cls.data_dir))),
            host=given.get("HOST", cls.host),
            port=_number(given, "PORT", cls.port),
            workers=_number(given, "WEB_CONCURRENCY", cls.workers),
            pool_size=_number(given, "DATABASE_POOL_SIZE", cls.pool_size),
            shops_per_connection=_number(
                given, "DATABASE_SHOPS_PER_CONNECTION", cls.shops_per_connection
            ),
            cors_origins=_origins(given.get("CORS_ORIGINS", "")),
        )
        settings.require_sound()
        return settings

    def require_sound(self) -> None:
        """Refuse settings that contradict each other.

        Raises:
            ConfigurationError: With the variable's name.
        """
        if not 0 <= self.port <= 65535:
            raise ConfigurationError("PORT must be from 0 to 65535")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ConfigurationError(f"WEB_CONCURRENCY must be from 1 to {MOST_WORKERS}")
        if self.pool_size < 2:  # a timer takes the relay's and the shop's
            raise ConfigurationError("DATABASE_POOL_SIZE must be 2 or more")
        if self.shops_per_connection < 1:
            raise ConfigurationError("DATABASE_SHOPS_PER_CONNECTION must be 1 or more")
        if self.is_production and self.clock_offset:
            raise ConfigurationError("CLOCK_OFFSET_SECONDS is refused in production")
        if self.is_production and self.database_url is None:
            raise ConfigurationError(
                "DATABASE_URL is needed in production. For development set"
                " FLASK_ENV=development"
            )

    def require_secret(self) -> None:
        """Refuse to sign with a secret that can be guessed.

        Raises:
            ConfigurationError: It is missing or short.
        """
        if len(self.secret_key) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"SECRET_KEY must have {SHORTEST_SECRET} characters or more; script/server"
                " makes a development .env that has one"
            )

    def require_servable(self) -> None:
        """Refuse to serve without knowing whose tokens to accept.

        Raises:
            ConfigurationError: With the variable's name.
        """
        self.require_secret()
        if self.is_production and self.auth_jwks_url is None:
            raise ConfigurationError(
                "AUTH_JWKS_URL is needed in production: development tokens are refused"
                " there. For development set FLASK_ENV=development"
            )


def _environment(name: str) -> Environment:
    try:
        return Environment(name)
    except ValueError as error:
        known = ", ".join(Environment)
        raise ConfigurationError(f"FLASK_ENV must be one of {known}") from error


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in text.split(",") if each.strip())
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                f"CORS_ORIGINS: {origin!r} is no origin like https://shop.example"
            )
    return origins


def _offset(given: Mapping[str, str]) -> dt.timedelta:
    seconds = _number(given, "CLOCK_OFFSET_SECONDS", 0)
    if abs(seconds) > FARTHEST_OFFSET_SECONDS:
        raise ConfigurationError("CLOCK_OFFSET_SECONDS must stay within a century")
    return dt.timedelta(seconds=seconds)


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(given.get(name, default))
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a whole number") from error
