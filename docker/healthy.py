"""The container's health check.

Exit code 0 if the process at ``PORT`` answers. Imports next to nothing, since it
is run every few seconds.
"""

from __future__ import annotations

import http.client
import os
import sys


def main() -> int:
    """Ask the service beside us whether it lives."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4
    )
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
