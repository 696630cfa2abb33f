"""JSON as RFC 8259 means it for exchange, and what Python's parser lets pass."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

# No member of the contract has more digits; converting thousands takes long.
MOST_DIGITS = 20
DEEPEST = 32
# The largest body that the contract allows, a week of hours with every break, has
# fewer; naming what is wrong with each of a quarter of a million holds up everybody.
MOST_VALUES = 10_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class MalformedJson(ValueError):
    """The text is not JSON that can be exchanged; says why."""


def parse(body: bytes) -> Any:
    """Parse a request's body.

    Raises:
        MalformedJson: It is not UTF-8 or not JSON, is nested too deeply, has a
            member twice, a number that JSON does not know or with too many
            digits, too many values, the character U+0000, or half of a surrogate
            pair.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson("is not UTF-8") from error
    try:
        document = json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except RecursionError as error:
        raise MalformedJson("is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(f"is not JSON: {error.msg} at position {error.pos}") from error
    _require_sound(document)
    return document


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise MalformedJson("has a member twice in one object")
    return members


def _require_sound(document: Any) -> None:
    waiting, level = [document], 1
    seen = 0
    while waiting:
        seen += len(waiting)
        if level > DEEPEST:
            raise MalformedJson(f"is nested more than {DEEPEST} deep")
        if seen > MOST_VALUES:
            raise MalformedJson(f"has more than {MOST_VALUES} values")
        waiting, level = [each for value in waiting for each in _inside(value)], level + 1


def _inside(value: Any) -> Collection[Any]:
    """The values in a value, whose own texts are sound."""
    if isinstance(value, str):
        _require_text(value)
    elif isinstance(value, dict):
        for name in value:
            _require_text(name)
        return value.values()
    elif isinstance(value, list):
        return value
    return ()


def _require_text(text: str) -> None:
    if "\x00" in text:
        raise MalformedJson("has the character U+0000, which is not text")
    if _SURROGATE.search(text):
        raise MalformedJson("has half of a surrogate pair, which is not text")


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"has {name}, which is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise MalformedJson("has a number with too many digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise MalformedJson("has a number that is too large")
    return number
