"""Auth services as tests need them: keys behind real HTTP, and tokens of any kind."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "booking"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class AuthService:
    """One issuer, and the shop that its tokens are for."""

    def __init__(self, name: str, *, shop: str = "") -> None:
        self.shop = shop
        self.issuer = f"https://{name}.example"
        self.path = f"/{name}/jwks"
        self.keys: dict[str, PrivateKey] = {
            f"{name}-rsa": rsa.generate_private_key(65537, 2048),
            f"{name}-ec": ec.generate_private_key(ec.SECP256R1()),
        }
        self.asked = 0

    @property
    def main_key(self) -> tuple[str, PrivateKey]:
        return next(iter(self.keys.items()))

    def document(self) -> bytes:
        published = []
        for kid, key in self.keys.items():
            if isinstance(key, rsa.RSAPrivateKey):
                public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            else:
                public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
            published.append({**public, "kid": kid, "use": "sig"})
        return json.dumps({"keys": published}).encode()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good token of a manager; ``...`` leaves one out."""
        now = int(time.time())
        values = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "mia",
            "iat": now + 1,
            "exp": now + 3600,
            "role": "manager",
            "shop": self.shop,
            **changes,
        }
        return {name: value for name, value in values.items() if value is not ...}

    def token(self, **changes: Any) -> str:
        """A token that is good but for the changes of its claims."""
        kid, key = self.main_key
        return forged({"kid": kid}, self.claims(**changes), key)


def forged(
    header: Mapping[str, Any],
    claims: object,
    key: PrivateKey | bytes | str,
    algorithm: str = "RS256",
) -> str:
    """A signed token with any header and claims, which no library would write."""
    whole = {"alg": algorithm, "typ": "at+jwt", **header}
    whole = {name: value for name, value in whole.items() if value is not ...}
    parts = [
        jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (whole, claims)
    ]
    method = jwt.get_algorithm_by_name(algorithm)
    signature = method.sign(b".".join(parts), method.prepare_key(key))
    return b".".join((*parts, jwt.utils.base64url_encode(signature))).decode()


@contextmanager
def published(*services: AuthService) -> Iterator[str]:
    """Publish the keys of auth services; the address under which their paths are."""
    by_path = {service.path: service for service in services}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service = by_path[self.path]
            service.asked += 1
            document = service.document()
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
