"""Which operation a request means."""

from __future__ import annotations

from connexion.middleware.routing import RoutingMiddleware
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from booking_service.api.problems import allowed_methods, is_literal


class Routing(RoutingMiddleware):  # type: ignore[misc] # Connexion is untyped
    """Connexion's routing, in which a path that is spelled out is no parameter's value.

    Else ``PUT /walk-ins/estimate`` would mean a walk-in whose id is ``estimate``.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse methods that a path which is spelled out has not, and route the rest."""
        path: str = scope.get("path", "")
        if (
            scope["type"] == "http"
            and is_literal(path)
            and scope["method"] not in allowed_methods(path)
        ):
            raise HTTPException(405)
        await super().__call__(scope, receive, send)
