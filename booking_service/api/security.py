"""Who may pass: the token first, then what its role may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import flask
from connexion.context import context
from connexion.lifecycle import ConnexionRequest
from connexion.security import NO_VALUE, BearerSecurityHandler
from werkzeug.exceptions import MethodNotAllowed

from booking_service.api.quotas import Quotas
from booking_service.api.tokens import Claims, Verifier
from booking_service.domain.actors import Role
from booking_service.domain.permissions import scope_of
from booking_service.errors import NotFound, RoleMayNot, Unauthenticated

ROUTING = "connexion_routing"


def bearer_handler(verifier: Verifier, quotas: Quotas) -> type[BearerSecurityHandler]:
    """Connexion's handler for ``scheme: bearer``.

    It runs on the event loop and only verifies and counts; the shop is looked up
    later, in the handler's own thread.

    Args:
        verifier: Says whose token it is.
        quotas: Say whether the bearer may ask for more.
    """

    async def verify(request: ConnexionRequest) -> Any:
        given = request.headers.getlist("authorization")
        if not given:
            return NO_VALUE
        kind, _, token = given[0].partition(" ")
        if len(given) > 1 or kind.lower() != "bearer" or not token:
            raise Unauthenticated("Send one Authorization header: Bearer and a token.")
        claims = await verifier.verify(token)
        await quotas.spend(claims, request.scope)
        _require_permission(request.scope, claims)
        return claims

    class Handler(BearerSecurityHandler):  # type: ignore[misc] # Connexion is untyped
        """Verifies bearer tokens."""

        def get_fn(
            self, security_scheme: Mapping[str, Any], required_scopes: list[str]
        ) -> Callable[[ConnexionRequest], Awaitable[Any]]:
            """The function that Connexion calls for each request."""
            return verify

    return Handler


def _require_permission(scope: Mapping[str, Any], claims: Claims) -> None:
    operation = operation_of(scope["extensions"][ROUTING]["operation_id"])
    role = Role(claims["role"])
    if scope_of(operation, role) is None:
        raise RoleMayNot(f"The role {role.value} may not do this.")


def operation_of(routed: str) -> str:
    """The contract's operationId; Connexion puts the module's name before it."""
    return routed.rpartition(".")[2]


def claims() -> Claims | None:
    """The verified token of the current request; None where none is needed."""
    if flask.request.blueprint in OUTSIDE_THE_CONTRACT:
        return None
    found: Claims | None = context.get("token_info")
    return found


def needs_shop(token: Claims) -> bool:
    """Say whether the token's bearer works in a shop."""
    return Role(token["role"]) is not Role.PLATFORM


def require_routed() -> None:
    """Let no request reach a handler of the contract that Connexion has not seen.

    Flask has a router of its own; what only Flask recognises was neither
    validated nor asked for a token.
    """
    if flask.request.blueprint in OUTSIDE_THE_CONTRACT:
        return
    if isinstance(flask.request.routing_exception, MethodNotAllowed):
        raise flask.request.routing_exception  # no handler is reached
    routing = flask.request.environ["asgi.scope"].get("extensions", {}).get(ROUTING, {})
    if routing.get("operation_id") is None:
        raise NotFound("path")


OUTSIDE_THE_CONTRACT = frozenset({"docs"})
