"""Bearer tokens: who the request comes from.

Two modes: development tokens signed with the service's own secret (HS256), and
tokens of auth services, verified with the keys that they publish (RFC 9068).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jwt
from cachetools import TTLCache

from booking_service.api.introspection import Revocation
from booking_service.api.keys import JwksKeys
from booking_service.config import Settings
from booking_service.domain.actors import Role
from booking_service.errors import Unauthenticated
from booking_service.issuers import Issuer

Claims = Mapping[str, Any]

REQUIRED = ("iss", "aud", "sub", "iat", "exp")
LONGEST_TOKEN = 8192
LONGEST_SUBJECT = 255
LEEWAY_SECONDS = 5


class Verifier(Protocol):
    """Says whose token it is."""

    async def verify(self, token: str) -> Claims:
        """The claims of a good token, with ``role`` and ``shop`` under these names.

        Raises:
            Unauthenticated: It is not one of ours, or has expired.
        """


def verifier(settings: Settings) -> Verifier:
    """The verifier of the mode that the settings choose."""
    if settings.auth_jwks_url:
        return RememberingVerifier(AuthServiceVerifier(settings))
    return RememberingVerifier(DevelopmentVerifier(settings))


def _decode(
    token: str, key: Any, algorithms: Sequence[str], issuer: Issuer, settings: Settings
) -> Claims:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            issuer=issuer.name,
            audience=issuer.audience,
            leeway=LEEWAY_SECONDS,
            options={"require": [*REQUIRED, settings.auth_role_claim]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise Unauthenticated(f"The token is not accepted: {error}") from error
    named = {
        **claims,
        "role": claims[settings.auth_role_claim],
        "shop": claims.get(settings.auth_shop_claim),
    }
    _require_form(named)
    return named


def _header(token: str, settings: Settings) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated("The token is malformed.") from error
    kind = header.get("typ", "jwt")
    if not isinstance(kind, str) or _media_type(kind) not in settings.auth_token_types:
        raise Unauthenticated("The token is not an access token.")
    return header


def _media_type(kind: str) -> str:
    """The ``typ`` without the prefix that may be left out (RFC 7515, section 4.1.9)."""
    return kind.lower().removeprefix("application/")


def _issuer_named(token: str) -> object:
    """Who a token says has issued it; to be verified."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise Unauthenticated("The token is malformed.") from error
    return claims.get("iss")


def _require_form(claims: Claims) -> None:
    subject, shop = claims["sub"], claims.get("shop")
    for name in ("iat", "exp"):
        if isinstance(claims[name], bool) or not isinstance(claims[name], int | float):
            raise Unauthenticated(f"The token's {name} is no number.")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise Unauthenticated("The token's subject is malformed.")
    if "\x00" in subject or not subject.isprintable():
        raise Unauthenticated("The token's subject is malformed.")
    if claims["role"] not in list(Role):
        raise Unauthenticated("The token's role is unknown.")
    if shop is not None and not isinstance(shop, str):
        raise Unauthenticated("The token's shop is malformed.")


class RememberingVerifier:
    """Verifies a token once in a while and not with each of its requests.

    A signature costs more than all else that happens to a request before its
    handler. What is remembered is gone after 30 seconds, and before that when the
    token expires; refusals are not remembered.
    """

    REMEMBERED = 10_000
    SECONDS = 30.0

    def __init__(
        self,
        verifier: Verifier,
        *,
        timer: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Remember what ``verifier`` says.

        Args:
            verifier: Judges what is not remembered.
            timer: Seconds since whenever, by which entries age.
            clock: Seconds since 1970, by which tokens expire.
        """
        self._verifier = verifier
        self._clock = clock
        self._known: TTLCache[bytes, Claims] = TTLCache(
            self.REMEMBERED, self.SECONDS, timer=timer
        )

    async def verify(self, token: str) -> Claims:
        """The claims of a good token."""
        name = digest(token)
        claims = self._known.get(name)
        if claims is None or claims["exp"] + LEEWAY_SECONDS <= self._clock():
            claims = await self._verifier.verify(token)
            self._known[name] = claims
        return claims


class DevelopmentVerifier:
    """Accepts what :func:`development_token` signs; refused in production."""

    def __init__(self, settings: Settings) -> None:
        """Verify with the settings' secret."""
        self._settings = settings

    async def verify(self, token: str) -> Claims:
        """The claims of a good token."""
        settings = self._settings
        _header(token, settings)
        issuer = settings.main_issuer
        return _decode(token, settings.secret_key, ["HS256"], issuer, settings)


class AuthServiceVerifier:
    """Accepts what the auth services' keys have signed, each for itself."""

    def __init__(
        self, settings: Settings, *, keys: Callable[[str], JwksKeys] = JwksKeys
    ) -> None:
        """Verify with published keys.

        Args:
            settings: Name the issuers.
            keys: Makes the key set of a URL.
        """
        self._settings = settings
        self._issuers = {each.name: each for each in settings.issuers}
        self._keys = {each.name: keys(each.jwks_url) for each in settings.issuers}
        self._revocations = {
            each.name: Revocation(each.introspection)
            for each in settings.issuers
            if each.introspection is not None
        }

    async def verify(self, token: str) -> Claims:
        """The claims of a good token."""
        header = _header(token, self._settings)
        name = _issuer_named(token)
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise Unauthenticated("The token's issuer is unknown.")
        key = await self._keys[issuer.name].find(header.get("kid"))
        if key is None:
            raise Unauthenticated("The token is signed with an unknown key.")
        claims = _decode(token, key, issuer.algorithms, issuer, self._settings)
        if issuer.name in self._revocations:
            await self._revocations[issuer.name].require_active(token, digest(token))
        return claims


def digest(token: str) -> bytes:
    """A name for a token, from which it cannot be told."""
    return hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32).digest()


def development_token(
    settings: Settings,
    *,
    role: Role,
    shop: str | None,
    subject: str,
    ttl: dt.timedelta,
    now: dt.datetime,
) -> str:
    """A signed development token.

    Args:
        settings: Whose secret, issuer and audience.
        role: Of its bearer.
        shop: The slug; None for the platform.
        subject: Who its bearer is.
        ttl: How long it is good.
        now: The system's time, not the offset one.
    """
    claims = {
        "iss": settings.auth_issuer,
        "aud": settings.auth_audience,
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + ttl).timestamp()),
        "role": role.value,
    }
    if shop is not None:
        claims["shop"] = shop
    return jwt.encode(
        claims, settings.secret_key, algorithm="HS256", headers={"typ": "at+jwt"}
    )
