"""Tokens that come close, one by one, over HTTP: each is refused, and soon."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from booking_service.api.keys import JwksKeys
from booking_service.app import Parts, create_app
from booking_service.issuers import Issuer
from tests.integration.authservice import AUDIENCE, AuthService, forged, published
from tests.integration.driver import made
from tests.running import serving

OWN, OTHER, STRANGER = "own-shop", "other-shop", AuthService("stranger")
SOON_SECONDS = 2.0


@dataclass
class Gate:
    """The service, two auth services, and a shop of each."""

    http: httpx.Client
    own: AuthService
    other: AuthService

    def knock(self, token: str, method: str = "GET", path: str = "/shop") -> httpx.Response:
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def gate(parts: Parts) -> Iterator[Gate]:
    own, other = AuthService("own", shop=OWN), AuthService("other", shop=OTHER)
    with published(own, other, STRANGER) as address:
        issuers = tuple(
            Issuer(each.issuer, AUDIENCE, f"{address}{each.path}") for each in (own, other)
        )
        settings = replace(
            parts.settings, issuers=issuers, auth_jwks_url=issuers[0].jwks_url
        )
        for service, slug in ((own, OWN), (other, OTHER)):
            parts.shops.create(slug=slug, name=slug, timezone="UTC", issuer=service.issuer)
        with (
            serving(create_app(settings, parts=parts)) as served,
            httpx.Client(base_url=served, timeout=30) as http,
        ):
            yield Gate(http, own, other)


def header(gate: Gate, **changes: object) -> str:
    """A good token but for its header."""
    kid, key = gate.own.main_key
    return forged({"kid": kid, **changes}, gate.own.claims(), key)


def claims(**changes: object) -> Callable[[Gate], str]:
    return lambda gate: gate.own.token(**changes)


def headers(**changes: object) -> Callable[[Gate], str]:
    return lambda gate: header(gate, **changes)


def public_pem(gate: Gate) -> bytes:
    key = gate.own.main_key[1].public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hmac_with_public_key(secret: Callable[[Gate], bytes]) -> Callable[[Gate], str]:
    def forge(gate: Gate) -> str:
        kid = gate.own.main_key[0]
        parts = [
            jwt.utils.base64url_encode(json.dumps(each).encode())
            for each in (
                {"alg": "HS256", "typ": "at+jwt", "kid": kid},
                gate.own.claims(),
            )
        ]
        # The library refuses to sign with what looks like a public key.
        mac = hmac.new(secret(gate), b".".join(parts), hashlib.sha256).digest()
        return b".".join((*parts, jwt.utils.base64url_encode(mac))).decode()

    return forge


def unsigned(algorithm: str, *, signature: str = "") -> Callable[[Gate], str]:
    def forge(gate: Gate) -> str:
        head = {"alg": algorithm, "typ": "at+jwt", "kid": gate.own.main_key[0]}
        parts = [
            base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
            for each in (head, gate.own.claims())
        ]
        return ".".join((*parts, signature))

    return forge


def embedded(gate: Gate) -> str:
    key = rsa.generate_private_key(65537, 2048)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    kid = gate.own.main_key[0]
    return forged({"kid": kid, "jwk": jwk}, gate.own.claims(), key)


def pointing(member: str, value: object) -> Callable[[Gate], str]:
    """Signed with a key that only the token's own header leads to."""

    def forge(gate: Gate) -> str:
        _, key = STRANGER.main_key
        kid = gate.own.main_key[0]
        return forged({"kid": kid, member: value}, gate.own.claims(), key)

    return forge


def with_elliptic_key_named_as_rsa(gate: Gate) -> str:
    rsa_kid, ec_kid = gate.own.keys
    return forged({"kid": rsa_kid}, gate.own.claims(), gate.own.keys[ec_kid], "ES256")


def cut(gate: Gate, end: int) -> str:
    return gate.own.token()[:end]


def swapped_payload(gate: Gate) -> str:
    head, _, signature = gate.own.token().split(".")
    payload = json.dumps(gate.own.claims(sub="root")).encode()
    return ".".join(
        (head, base64.urlsafe_b64encode(payload).rstrip(b"=").decode(), signature)
    )


NOW = int(time.time())
DAY = 86_400
# 401: it is no token of ours; 403: it is, but not of this shop.
CORPUS: dict[str, tuple[Callable[[Gate], str], int]] = {
    "alg none": (unsigned("none"), 401),
    "alg None": (unsigned("None"), 401),
    "alg nOnE": (unsigned("nOnE"), 401),
    "alg none with a signature": (unsigned("none", signature="AAAA"), 401),
    "alg missing signature": (unsigned("RS256"), 401),
    "alg empty": (unsigned(""), 401),
    "alg a list": (headers(alg=["RS256"]), 401),
    "alg null": (headers(alg=None), 401),
    "alg left out": (headers(alg=...), 401),
    "hmac with the public key": (hmac_with_public_key(public_pem), 401),
    "hmac with the public key, stripped": (
        hmac_with_public_key(lambda gate: public_pem(gate).strip()),
        401,
    ),
    "hmac with the key set": (hmac_with_public_key(lambda gate: gate.own.document()), 401),
    "hmac with nothing": (hmac_with_public_key(lambda _: b""), 401),
    "another key's algorithm": (with_elliptic_key_named_as_rsa, 401),
    "RS512, which is not listed": (
        lambda gate: forged(
            {"kid": gate.own.main_key[0]},
            gate.own.claims(),
            gate.own.main_key[1],
            "RS512",
        ),
        401,
    ),
    "iss of nobody": (claims(iss="https://nobody.example"), 401),
    "iss of another issuer": (lambda gate: gate.own.token(iss=gate.other.issuer), 401),
    "iss with a slash behind": (
        lambda gate: gate.own.token(iss=gate.own.issuer + "/"),
        401,
    ),
    "iss a list": (lambda gate: gate.own.token(iss=[gate.own.issuer]), 401),
    "iss left out": (claims(iss=...), 401),
    "aud of another service": (claims(aud="elsewhere"), 401),
    "aud a list of others": (claims(aud=["a", "b"]), 401),
    "aud empty": (claims(aud=[]), 401),
    "aud left out": (claims(aud=...), 401),
    "typ JWT": (headers(typ="JWT"), 401),
    "typ of an ID token": (headers(typ="id_token+jwt"), 401),
    "typ of a logout token": (headers(typ="logout+jwt"), 401),
    "typ left out": (headers(typ=...), 401),
    "typ a number": (headers(typ=1), 401),
    "exp in the past": (claims(exp=NOW - 60), 401),
    "exp a text": (claims(exp="tomorrow"), 401),
    "exp negative": (claims(exp=-1), 401),
    "exp infinite": (claims(exp=1e400), 401),
    "exp left out": (claims(exp=...), 401),
    "nbf in the future": (claims(nbf=NOW + DAY), 401),
    "iat in the future": (claims(iat=NOW + DAY), 401),
    "iat left out": (claims(iat=...), 401),
    "iat before the shop was": (claims(iat=NOW - DAY), 403),
    "crit of an extension": (headers(crit=["exotic"], exotic=1), 401),
    "crit of what is known": (headers(crit=["exp"]), 401),
    "crit empty": (headers(crit=[]), 401),
    "b64 false": (headers(b64=False, crit=["b64"]), 401),
    "jku": (pointing("jku", "http://127.0.0.1:1/stranger/jwks"), 401),
    "x5u": (pointing("x5u", "http://127.0.0.1:1/cert.pem"), 401),
    "x5c": (pointing("x5c", ["MIIB"]), 401),
    "jwk": (embedded, 401),
    "kid unknown": (headers(kid="unknown"), 401),
    "kid of another issuer": (headers(kid="other-rsa"), 401),
    "kid with SQL": (headers(kid="' or 1=1 --"), 401),
    "kid a path": (headers(kid="../../etc/passwd"), 401),
    "kid a list": (headers(kid=["own-rsa"]), 401),
    "kid left out": (headers(kid=...), 401),
    "a stranger's key": (
        lambda gate: forged({"kid": "own-rsa"}, gate.own.claims(), STRANGER.main_key[1]),
        401,
    ),
    "another issuer's shop": (claims(shop=OTHER), 403),
    "another issuer for the own shop": (lambda gate: gate.other.token(shop=OWN), 403),
    "shop a list": (claims(shop=[OWN]), 401),
    "shop an object": (claims(shop={"slug": OWN}), 401),
    "shop a number": (claims(shop=1), 401),
    "shop with SQL": (claims(shop="x'; drop schema control cascade; --"), 403),
    "shop with a NUL": (claims(shop="own-shop\x00"), 403),
    "shop in capitals": (claims(shop=OWN.upper()), 403),
    "shop of nobody": (claims(shop="nobody"), 403),
    "shop left out": (claims(shop=...), 403),
    "shop empty": (claims(shop=""), 403),
    "shop a schema's name": (claims(shop="control"), 403),
    "role unknown": (claims(role="root"), 401),
    "role a list": (claims(role=["manager"]), 401),
    "role left out": (claims(role=...), 401),
    "role of a client": (claims(role="client"), 403),
    "role of the platform": (claims(role="platform"), 403),
    "sub empty": (claims(sub=""), 401),
    "sub a number": (claims(sub=7), 401),
    "sub with a NUL": (claims(sub="a\x00"), 401),
    "sub huge": (claims(sub="x" * 5000), 401),
    "sub left out": (claims(sub=...), 401),
    "payload a list": (
        lambda gate: forged({"kid": gate.own.main_key[0]}, [1], gate.own.main_key[1]),
        401,
    ),
    "payload a text": (
        lambda gate: forged({"kid": gate.own.main_key[0]}, "x", gate.own.main_key[1]),
        401,
    ),
    "payload nested deeply": (
        lambda gate: gate.own.token(deep=json.loads("[" * 400 + "]" * 400)),
        200,
    ),
    "payload swapped": (swapped_payload, 401),
    "huge": (claims(padding="x" * 20_000), 401),
    "cut in the payload": (lambda gate: cut(gate, 200), 401),
    "cut in the signature": (lambda gate: cut(gate, -20), 401),
    "without its signature": (lambda gate: gate.own.token().rpartition(".")[0], 401),
    "with a part more": (lambda gate: gate.own.token() + ".AAAA", 401),
    "five parts, encrypted": (lambda _: "a.b.c.d.e", 401),
    "dots": (lambda _: "." * 5000, 401),
    "no base64": (lambda _: "!!.??.**", 401),
}


class TestCorpus:
    def test_a_good_token_passes(self, gate: Gate) -> None:
        made(gate.knock(gate.own.token()))
        made(gate.knock(gate.other.token()))

    @pytest.mark.parametrize("name", CORPUS)
    def test_a_bad_one_does_not(self, gate: Gate, name: str) -> None:
        forge, status = CORPUS[name]
        token = forge(gate)
        began = time.monotonic()

        answer = gate.knock(token)

        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert token not in answer.text
        if status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert time.monotonic() - began < SOON_SECONDS

    def test_is_large(self) -> None:
        assert sum(status in (401, 403) for _, status in CORPUS.values()) >= 80

    def test_none_had_keys_fetched_from_elsewhere_or_again_and_again(
        self, gate: Gate
    ) -> None:
        asked = gate.own.asked + gate.other.asked

        for number in range(50):
            assert gate.knock(header(gate, kid=f"storm-{number}")).status_code == 401

        assert gate.own.asked + gate.other.asked <= asked + 1
        assert STRANGER.asked == 0


class TestIssuers:
    def test_each_platform_sees_and_ends_its_own_shops_only(self, gate: Gate) -> None:
        platform = {"role": "platform", "shop": ...}
        own, other = (service.token(**platform) for service in (gate.own, gate.other))

        def slugs(token: str) -> list[str]:
            items = made(gate.knock(token, path="/platform/shops"))["items"]
            return [each["slug"] for each in items]

        assert slugs(own) == [OWN]
        assert slugs(other) == [OTHER]
        for method in ("GET", "DELETE"):
            for slug in (OWN, "nobody"):
                answer = gate.knock(other, method, f"/platform/shops/{slug}")
                assert answer.status_code == 404
        made(gate.knock(gate.own.token()))

    def test_rotation_needs_no_restart(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(JwksKeys, "REST_SECONDS", 0.0)
        fresh = rsa.generate_private_key(65537, 2048)
        monkeypatch.setattr(gate.own, "keys", {"own-new": fresh, **gate.own.keys})

        made(gate.knock(gate.own.token()))
