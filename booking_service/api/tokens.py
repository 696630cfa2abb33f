"""Bearer tokens: who the request comes from.

Two modes: development tokens signed with the service's own secret (HS256), and
tokens of an auth service, verified with the keys that it publishes (RFC 7517).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx
import jwt
import structlog
from cachetools import TTLCache

from booking_service.config import Settings
from booking_service.domain.actors import Role
from booking_service.errors import KeysUnavailable, Unauthenticated

Claims = Mapping[str, Any]

REQUIRED = ["iss", "aud", "sub", "iat", "exp", "role"]
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
ASYMMETRIC = ["RS256", "ES256", "EdDSA"]
LONGEST_TOKEN = 8192
LONGEST_SUBJECT = 255
LEEWAY_SECONDS = 5

_log = structlog.get_logger(__name__)


class Verifier(Protocol):
    """Says whose token it is."""

    async def verify(self, token: str) -> Claims:
        """The claims of a good token.

        Raises:
            Unauthenticated: It is not one of ours, or has expired.
        """


def verifier(settings: Settings) -> Verifier:
    """The verifier of the mode that the settings choose."""
    if settings.auth_jwks_url:
        keys = JwksKeys(settings.auth_jwks_url)
        return RememberingVerifier(AuthServiceVerifier(settings, keys))
    return RememberingVerifier(DevelopmentVerifier(settings))


def _decode(token: str, key: Any, algorithms: list[str], settings: Settings) -> Claims:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            issuer=settings.auth_issuer,
            audience=settings.auth_audience,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated(f"The token is not accepted: {error}") from error
    _require_form(claims)
    return claims


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated("The token is malformed.") from error
    kind = header.get("typ", "jwt")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise Unauthenticated("The token is not an access token.")
    return header


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
        name = hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32).digest()
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
        _header(token)
        return _decode(token, self._settings.secret_key, ["HS256"], self._settings)


class AuthServiceVerifier:
    """Accepts what the auth service's keys have signed."""

    def __init__(self, settings: Settings, keys: JwksKeys) -> None:
        """Verify with the published keys."""
        self._settings = settings
        self._keys = keys

    async def verify(self, token: str) -> Claims:
        """The claims of a good token."""
        header = _header(token)
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise Unauthenticated("The token is signed with an unknown key.")
        return _decode(token, key, ASYMMETRIC, self._settings)


class JwksKeys:
    """The published keys, fetched without blocking and kept through outages.

    A token that names an unknown key has the keys fetched anew, but never twice
    within 30 seconds, whatever comes. Aged keys are refreshed beside the
    requests, which go on with the old ones.
    """

    LIFE_SECONDS = 600.0
    REST_SECONDS = 30.0
    FIRST_REST_SECONDS = 2.0
    TIMEOUT_SECONDS = 5.0

    def __init__(self, url: str) -> None:
        """Fetch from ``url``, later."""
        self._url = url
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """The key with this id; a set of one key answers to no id, too.

        Raises:
            KeysUnavailable: No keys could be fetched yet.
        """
        name = kid if isinstance(kid, str) else None
        if name not in self._keys:
            async with self._lock:
                if name not in self._keys:
                    await self._fetch()
        elif time.monotonic() - self._fetched_at > self.LIFE_SECONDS:
            self._refresh = asyncio.create_task(self._fetch())
        if not self._keys:
            raise KeysUnavailable
        return self._keys.get(name)

    async def _fetch(self) -> None:
        rest = self.REST_SECONDS if self._keys else self.FIRST_REST_SECONDS
        if time.monotonic() - self._tried_at < rest:
            return
        self._tried_at = time.monotonic()
        try:
            async with (
                asyncio.timeout(self.TIMEOUT_SECONDS),
                httpx.AsyncClient(timeout=self.TIMEOUT_SECONDS) as http,
            ):
                answer = await http.get(self._url)
                answer.raise_for_status()
                published = jwt.PyJWKSet.from_dict(answer.json()).keys
        except Exception as error:  # noqa: BLE001 - the issuer may answer anything
            _log.error("keys not fetched", url=self._url, error=repr(error))
            return
        keys: dict[str | None, jwt.PyJWK] = {key.key_id: key for key in published}
        if len(published) == 1:
            keys[None] = published[0]
        self._keys, self._fetched_at = keys, time.monotonic()


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
