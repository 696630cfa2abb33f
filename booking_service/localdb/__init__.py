"""The embedded PostgreSQL for development and tests.

:mod:`~booking_service.localdb.binaries` finds the programs,
:mod:`~booking_service.localdb.supervisor` runs one server as a process of its
own, and :mod:`~booking_service.localdb.server` is what the rest of the service
calls: start one, or attach to the one that runs.
"""

from booking_service.localdb.errors import LocalDatabaseError
from booking_service.localdb.server import LocalServer, Logins, attach, start

__all__ = ["LocalDatabaseError", "LocalServer", "Logins", "attach", "start"]
