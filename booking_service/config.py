"""Settings, read once from the environment and ``.env``."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values

from booking_service.issuers import (
    ALGORITHMS,
    ConfigurationError,
    Issuer,
    further_issuers,
    issuer_of,
)

__all__ = ["ROOT", "ConfigurationError", "Environment", "Settings"]

ROOT = Path(__file__).resolve().parents[1]
SHORTEST_SECRET = 32
MOST_WORKERS = 64
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
LONGEST_GRACE = dt.timedelta(days=3650)
_STORAGES = ("redis://", "rediss://", "unix://")
_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
FARTHEST_OFFSET_SECONDS = 100 * 366 * 86_400


class Environment(StrEnum):
    """How much the process trusts its surroundings; unset means production."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TESTING = "testing"


@dataclass(frozen=True)
class Settings:
    """Everything the service can be told; ``.env.example`` explains each.

    Attributes:
        workers: How many processes serve.
        cors_origins: Whose pages may call the API; ``*`` is everyone's.
        clock_offset: Added to the system's clock for the service's ``now``.
        database_url: None only in development: the embedded PostgreSQL.
        auth_jwks_url: Where the main issuer's keys are; None: development tokens.
        issuers: Whose tokens are accepted, the main one first; each for the shops that
            its tokens made.
        shop_grace: How long a deleted shop's data stays.
        connections_per_shop: How many of the pool one shop may use; None: half.
        rate_limit_per_subject: Like ``600/minute``; None: no limit.
        rate_limit_per_shop: The same of all bearers of a shop.
        rate_limit_storage: A Redis where all processes count; None: each for itself.
        auth_token_types: The ``typ`` that tokens may have, in lower case.
        auth_shop_claim: The name under which tokens say which shop they are for.
        auth_role_claim: The same of the role.
    """

    environment: Environment
    secret_key: str = field(repr=False)
    database_url: str | None = field(default=None, repr=False)
    admin_database_url: str | None = field(default=None, repr=False)
    clock_offset: dt.timedelta = dt.timedelta(0)
    auth_issuer: str = "booking-service"
    auth_audience: str = "booking-service"
    auth_jwks_url: str | None = None
    issuers: tuple[Issuer, ...] = ()
    auth_token_types: frozenset[str] = frozenset({"at+jwt"})
    auth_shop_claim: str = "shop"
    auth_role_claim: str = "role"
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    pool_size: int = 10
    shops_per_connection: int = 200
    validate_responses: bool = False
    shop_grace: dt.timedelta = dt.timedelta(days=30)
    connections_per_shop: int | None = None
    rate_limit_per_subject: str | None = None
    rate_limit_per_shop: str | None = None
    rate_limit_storage: str | None = field(default=None, repr=False)
    cors_origins: tuple[str, ...] = ()

    @property
    def is_production(self) -> bool:
        """Whether nothing may be assumed."""
        return self.environment is Environment.PRODUCTION

    @property
    def main_issuer(self) -> Issuer:
        """The issuer of development tokens, and of shops made without a token."""
        if self.issuers:
            return self.issuers[0]
        return Issuer(self.auth_issuer, self.auth_audience, self.auth_jwks_url or "")

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
            issuers=_issuers(given),
            auth_token_types=frozenset(
                each.lower() for each in _listed(given, "AUTH_TOKEN_TYPES", "at+jwt")
            ),
            auth_shop_claim=given.get("AUTH_SHOP_CLAIM", cls.auth_shop_claim),
            auth_role_claim=given.get("AUTH_ROLE_CLAIM", cls.auth_role_claim),
            data_dir=Path(given.get("DATA_DIR", str(cls.data_dir))),
            host=given.get("HOST", cls.host),
            port=_number(given, "PORT", cls.port),
            workers=_number(given, "WEB_CONCURRENCY", cls.workers),
            pool_size=_number(given, "DATABASE_POOL_SIZE", cls.pool_size),
            shops_per_connection=_number(
                given, "DATABASE_SHOPS_PER_CONNECTION", cls.shops_per_connection
            ),
            shop_grace=dt.timedelta(days=_number(given, "SHOP_GRACE_DAYS", 30)),
            connections_per_shop=_number(given, "DATABASE_CONNECTIONS_PER_SHOP", 0) or None,
            rate_limit_per_subject=_rate(given, "RATE_LIMIT_PER_SUBJECT", "600/minute"),
            rate_limit_per_shop=_rate(given, "RATE_LIMIT_PER_SHOP", "6000/minute"),
            rate_limit_storage=given.get("RATE_LIMIT_STORAGE"),
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
        if not dt.timedelta(0) <= self.shop_grace <= LONGEST_GRACE:
            raise ConfigurationError("SHOP_GRACE_DAYS must be from 0 to 3650")
        if self.connections_per_shop is not None and self.connections_per_shop < 1:
            raise ConfigurationError("DATABASE_CONNECTIONS_PER_SHOP must be 1 or more")
        if not (self.rate_limit_storage or "redis://").startswith(_STORAGES):
            raise ConfigurationError("RATE_LIMIT_STORAGE must be like redis://host:6379")
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


def _issuers(given: Mapping[str, str]) -> tuple[Issuer, ...]:
    """The main issuer, if its keys are named, and all others."""
    audience = given.get("AUTH_AUDIENCE", Settings.auth_audience)
    others = further_issuers(given.get("AUTH_FURTHER_ISSUERS", ""), audience=audience)
    if "AUTH_JWKS_URL" not in given:
        if others:
            raise ConfigurationError("AUTH_FURTHER_ISSUERS needs AUTH_JWKS_URL")
        return ()
    main = {
        "issuer": given.get("AUTH_ISSUER", Settings.auth_issuer),
        "jwks_url": given["AUTH_JWKS_URL"],
        "algorithms": _listed(given, "AUTH_ALGORITHMS", ",".join(ALGORITHMS)),
    }
    for name in ("url", "client_id", "client_secret"):
        variable = f"AUTH_INTROSPECTION_{name.upper()}"
        if variable in given:
            main[f"introspection_{name}"] = given[variable]
    first = issuer_of(main, audience=audience, what="AUTH_*")
    names = [first.name, *(each.name for each in others)]
    if len(set(names)) < len(names):
        raise ConfigurationError("AUTH_FURTHER_ISSUERS names an issuer twice")
    return (first, *others)


def _listed(given: Mapping[str, str], name: str, default: str) -> list[str]:
    return [each.strip() for each in given.get(name, default).split(",") if each.strip()]


def _rate(given: Mapping[str, str], name: str, in_production: str) -> str | None:
    """A rate like ``600/minute``; ``off`` is none, as is unset but in production."""
    default = (
        "off" if given.get("FLASK_ENV", "production") != "production" else in_production
    )
    rate = given.get(name, default)
    if rate == "off":
        return None
    if not _RATE.fullmatch(rate):
        raise ConfigurationError(f"{name} must be off, or like {in_production}")
    return rate


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
