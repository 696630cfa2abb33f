"""Whose tokens are accepted: the part of the settings that names auth services."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Those that are accepted unless an issuer's settings say otherwise."""

ASYMMETRIC = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA"),
    }
)
"""Those that may be chosen: a secret shared with an issuer could sign, too."""

_MEMBERS = frozenset(
    {
        "issuer",
        "jwks_url",
        "audience",
        "algorithms",
        "introspection_url",
        "introspection_client_id",
        "introspection_client_secret",
    }
)


class ConfigurationError(Exception):
    """A setting is missing or contradicts another; the text names it."""


@dataclass(frozen=True)
class Introspection:
    """Where to ask whether a token was revoked (RFC 7662), and as whom."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Issuer:
    """An auth service.

    Attributes:
        name: The ``iss`` of its tokens.
        audience: The ``aud`` that its tokens for us name.
        jwks_url: Where its keys are (RFC 7517).
        algorithms: With which it may sign.
        introspection: Where to ask for revocations; None: nowhere.
    """

    name: str
    audience: str
    jwks_url: str
    algorithms: Sequence[str] = ALGORITHMS
    introspection: Introspection | None = None


def issuer_of(given: Mapping[str, Any], *, audience: str, what: str) -> Issuer:
    """An issuer of its settings.

    Args:
        given: By the names of the JSON in ``AUTH_FURTHER_ISSUERS``.
        audience: The one that holds if none is given.
        what: The variable to name in errors.

    Raises:
        ConfigurationError: A setting is missing, unknown or malformed.
    """
    unknown = given.keys() - _MEMBERS
    if unknown:
        raise ConfigurationError(f"{what}: {sorted(unknown)[0]!r} is unknown")
    texts = {name: value for name, value in given.items() if name != "algorithms"}
    if not all(isinstance(value, str) and value for value in texts.values()):
        raise ConfigurationError(f"{what}: members must be texts")
    for name in ("issuer", "jwks_url"):
        if name not in given:
            raise ConfigurationError(f"{what}: {name!r} is missing")
    for name in ("jwks_url", "introspection_url"):
        if name in given and not given[name].startswith(("https://", "http://")):
            raise ConfigurationError(f"{what}: {name!r} must be an address like https://…")
    algorithms = given.get("algorithms", ALGORITHMS)
    if not algorithms or not set(algorithms) <= ASYMMETRIC:
        known = ", ".join(sorted(ASYMMETRIC))
        raise ConfigurationError(f"{what}: algorithms must be of {known}")
    return Issuer(
        name=given["issuer"],
        audience=given.get("audience", audience),
        jwks_url=given["jwks_url"],
        algorithms=tuple(algorithms),
        introspection=_introspection(given, what),
    )


def further_issuers(text: str, *, audience: str) -> tuple[Issuer, ...]:
    """The issuers of a JSON array, as ``.env.example`` explains it.

    Raises:
        ConfigurationError: It is none, or one of its members is malformed.
    """
    what = "AUTH_FURTHER_ISSUERS"
    try:
        listed = json.loads(text) if text else []
    except ValueError as error:
        raise ConfigurationError(f"{what} is no JSON") from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ConfigurationError(f"{what} must be a JSON array of objects")
    return tuple(issuer_of(each, audience=audience, what=what) for each in listed)


def _introspection(given: Mapping[str, Any], what: str) -> Introspection | None:
    names = ("introspection_url", "introspection_client_id", "introspection_client_secret")
    present = [name for name in names if name in given]
    if not present:
        return None
    if len(present) < len(names):
        raise ConfigurationError(f"{what}: {', '.join(names)} belong together")
    return Introspection(*(given[name] for name in names))
