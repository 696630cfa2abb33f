"""Appointments for many shops."""

import warnings

# Connexion imports Starlette's test client, which wants a newer httpx there; the
# service itself does not use it.
warnings.filterwarnings(
    "ignore", message="Using `httpx` with `starlette.testclient`", category=UserWarning
)
