"""What hostile or broken clients send, generated from the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from booking_service.api.contract import dereferenced

SQL = (
    "'; DROP TABLE bookings; --",
    "' OR '1'='1",
    '" OR ""="',
    "1); SELECT pg_sleep(5); --",
    "$$; RESET ROLE; --",
    "%s%s%(name)s",
    "\\'; SET search_path = public; --",
)
TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\n",
    "\x1b[31m",
    "\u202egnirts",
    "\ufeff",
    "👩‍👩‍👧‍👦" * 20,
    "é" * 300,
    "x" * 100_000,
    "{{7*7}}",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "null",
    "NaN",
    "Infinity",
    "-1",
    "1e3",
    "0x10",
    "1_0",
    "١٢",
    "²",
    "true",
    *SQL,
)
TIMES = (
    "now",
    "yesterday",
    "infinity",
    "-infinity",
    "epoch",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "2030-01-08T10:00:00+99:99",
    "2030-01-08T10:00:00+24:00",
    "2030-01-08T10:00:00",
    "2030-01-08T10:00:00z",
    "2030-01-08 10:00:00Z",
    "2030-01-08T24:00:00Z",
    "2030-01-08T23:59:60Z",
    "2030-12-31T23:59:60Z",
    "2030-02-30T10:00:00Z",
    "2030-13-01T10:00:00Z",
    "2030-01-08T10:00:00.123456789012Z",
    "2030-01-08T10:00Z",
    "2030-W02-2T10:00:00Z",
    "20300108T100000Z",
    "２０３０-01-08T10:00:00Z",
    "1893492000",
    "2030-01-08",
    "2030-1-8",
    "2030-02-30",
    "0000-01-01",
    "9999-12-31",
    "10000-01-01",
)
IDS = (
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{0193a5b2-c4d8-7c3e-9f10-a1b2c3d4e5f6}",
    "urn:uuid:0193a5b2-c4d8-7c3e-9f10-a1b2c3d4e5f6",
    "0193a5b2c4d87c3e9f10a1b2c3d4e5f6",
    "0193a5b2-c4d8-7c3e-9f10-a1b2c3d4e5fg",
    "0193A5B2-C4D8-7C3E-9F10-A1B2C3D4E5F6",
    "1",
)
NUMBERS = (
    0,
    -1,
    1.5,
    -0.0,
    1e30,
    2**31,
    2**31 - 1,
    -(2**31) - 1,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**400,
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    [None],
    [[]],
    [{}] * 1000,
    {"": ""},
    {"__proto__": {"x": 1}},
    {"a" * 1000: 1},
)

# Appended to a path, or put in place of a part of it.
TAILS = (
    b"%0A",
    b"%00",
    b"%0d%0aSet-Cookie:x",
    b"%7f",
    b"%ff",
    b"%c3%28",
    b"%c0%ae",
    b"%ed%a0%80",
    b"%zz",
    b"%",
    b"/",
    b"//",
    b"/.",
    b"/..",
    b"/%2e%2e",
    b"/../../health/live",
    b"%2f",
    b"%5c",
    b";x=1",
    b"%20",
    b"%E2%80%AE",
    b"\x80\xff",
    b"\xc3\xa9",
    b"'--",
    b"*",
    b"{}",
    b"." * 1000,
    b"a" * 40_000,
)
BODIES = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'"x"',
    b"[]",
    b"[{}]",
    b"{",
    b"}",
    b"{]",
    b"{}{}",
    b"{} x",
    b"{'a': 1}",
    b"{a: 1}",
    b'{"a": 1,}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b'{"a": 01}',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}',
    b'{"a": "\\udfff\\ud800"}',
    b'{"\\u0000": 1}',
    b'{"a": "\x00"}',
    b'{"a": "\x01"}',
    b'{"a": "\xff"}',
    b'{"a": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
    '{"a": 1}'.encode("utf-16"),
    '{"a": 1}'.encode("utf-32"),
    b"// comment\n{}",
    b"[" * 33 + b"]" * 33,
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"{" + b",".join(b'"k%d": 1' % number for number in range(50_000)) + b"}",
    b"[" + b"0," * 200_000 + b"0]",
    b"x" * 1_048_576,
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
    b"a=1&b=2",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
)


def values() -> Iterator[Any]:
    """Values of every kind, for any member or parameter."""
    yield from (*TEXTS, *TIMES, *IDS, *NUMBERS, *OTHERS)


def bodies_with(member: str, body: Mapping[str, Any]) -> Iterator[bytes]:
    """A body, one member of which is something else."""
    for value in values():
        yield json.dumps({**body, member: value}).encode()
    for raw in (b"NaN", b"1e999", b"-0", b'"\\ud800"', b'"\\u0000"', b"[" * 40 + b"]" * 40):
        rest = {name: given for name, given in body.items() if name != member}
        head = json.dumps(rest).encode()[:-1] + (b"," if rest else b"")
        yield head + json.dumps(member).encode() + b":" + raw + b"}"


def members(definition: Mapping[str, Any]) -> list[str]:
    """The members that an operation's body may have, and some that it may not."""
    content = definition.get("requestBody", {}).get("content", {})
    schema = dereferenced(content.get("application/json", {}).get("schema", {}))
    return [*schema.get("properties", {}), "id", "version", "shop", "__class__"]


def queries(definition: Mapping[str, Any], sound: Mapping[str, str]) -> Iterator[bytes]:
    """Query strings with one parameter that is hostile, missing, doubled or unknown."""
    known = [
        parameter["name"]
        for parameter in dereferenced(definition.get("parameters", []))
        if parameter["in"] == "query"
    ]
    for name in known:
        others = {key: value for key, value in sound.items() if key != name}
        yield _encoded(others)
        given = _encoded({**others, name: sound.get(name, "1")})
        yield given + b"&" + _encoded({name: sound.get(name, "1")})
        for value in values():
            text = value if isinstance(value, str) else json.dumps(value)
            yield _encoded({**others, name: text[:20_000]})
    for raw in (
        b"x=1",
        b"&&&",
        b"=",
        b"a=%00",
        b"a=%ff",
        b"a=%0a",
        b"a=%zz",
        b"%",
        b"a=\xff",
    ):
        yield _encoded(sound) + b"&" + raw
    yield b"&".join(b"p%d=1" % number for number in range(4000))


def _encoded(query: Mapping[str, str]) -> bytes:
    return "&".join(
        f"{key}={quote(value, safe='')}" for key, value in query.items()
    ).encode()
