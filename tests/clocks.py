"""A clock that tests set."""

from __future__ import annotations

import datetime as dt


class SettableClock:
    """Shows the time it was last set to; a Monday morning at first."""

    START = dt.datetime(2030, 1, 7, 6, 0, tzinfo=dt.UTC)

    def __init__(self) -> None:
        self.now = self.START

    def __call__(self) -> dt.datetime:
        return self.now

    def set(self, text: str) -> None:
        """Show an instant, given in RFC 3339."""
        self.now = dt.datetime.fromisoformat(text)

    def reset(self) -> None:
        """Show the first instant again."""
        self.now = self.START
