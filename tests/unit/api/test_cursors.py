from __future__ import annotations

import datetime as dt
import uuid

import pytest

from booking_service.api.cursors import Cursors
from booking_service.errors import InvalidCursor
from booking_service.repositories.paging import Key

KEY: Key = (dt.datetime(2030, 1, 7, 9, tzinfo=dt.UTC), uuid.UUID(int=5))


def parse(texts: list[str]) -> Key:
    return dt.datetime.fromisoformat(texts[0]), uuid.UUID(texts[1])


class TestCursor:
    def test_leads_back_to_its_key(self) -> None:
        cursors = Cursors("secret")

        assert cursors.read(cursors.write(KEY, "a list"), "a list", parse) == KEY

    def test_is_good_for_its_list_only(self) -> None:
        cursors = Cursors("secret")
        cursor = cursors.write(KEY, "one shop's list")

        with pytest.raises(InvalidCursor):
            cursors.read(cursor, "another shop's list", parse)

    def test_cannot_be_made_without_the_secret(self) -> None:
        forged = Cursors("a guess").write(KEY, "a list")

        with pytest.raises(InvalidCursor):
            Cursors("secret").read(forged, "a list", parse)

    @pytest.mark.parametrize("change", ["", "x", "..", "a.b"])
    def test_cannot_be_changed(self, change: str) -> None:
        cursors = Cursors("secret")
        cursor = cursors.write(KEY, "a list")

        with pytest.raises(InvalidCursor):
            cursors.read(change + cursor[len(change) + 1 :], "a list", parse)
