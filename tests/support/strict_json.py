"""Documents that a strict JSON reader refuses and lax ones accept: names and bytes."""

from __future__ import annotations

import json

from tests.support.reports import report

_REPORT = json.dumps(report())


def _with(found: str, instead: str) -> bytes:
    assert found in _REPORT
    return _REPORT.replace(found, instead, 1).encode()


_PID = '"pid": 1'
_SO = '"nombre_so": "Linux"'

# Not JSON, or JSON that two readers could understand differently.
NOT_JSON: dict[str, bytes] = {
    "nothing": b" ",
    "a word": b"report",
    "not a number": _with(_PID, '"pid": NaN'),
    "infinity": _with(_PID, '"pid": Infinity'),
    "minus infinity": _with(_PID, '"pid": -Infinity'),
    "a number past every double": _with(_PID, '"pid": 1e999'),
    "a negative number past every double": _with(_PID, '"pid": -1e999'),
    "an integer of 4,000 digits": _with(_PID, f'"pid": {2**13000}'),
    "a leading zero": _with(_PID, '"pid": 01'),
    "a plus sign": _with(_PID, '"pid": +1'),
    "a hexadecimal number": _with(_PID, '"pid": 0x1'),
    "a high surrogate alone": _with('"Linux"', '"\\ud83d"'),
    "a low surrogate alone": _with('"Linux"', '"\\udc27"'),
    "surrogates in the wrong order": _with('"Linux"', '"\\udc27\\ud83d"'),
    "a surrogate alone in a member name": _with('"nombre_so"', '"\\ud83d"'),
    "a raw control character": _with('"Linux"', '"Li\nnux"'),
    "an unknown escape": _with('"Linux"', '"\\x4cinux"'),
    "single quotes": _with('"Linux"', "'Linux'"),
    "a comment": _with("{", "{/* report */"),
    "a trailing comma": _with(_SO, _SO + ",").replace(b",,", b",}", 1),
    "trailing garbage": _REPORT.encode() + b" x",
    "two documents": _REPORT.encode() * 2,
    "a trailing NUL": _REPORT.encode() + b"\0",
    "half a document": _REPORT.encode()[: len(_REPORT) // 2],
    "bytes that are no UTF-8": _with('"Linux"', '"L#nux"').replace(b"#", b"\xff"),
    "an overlong UTF-8 slash": _with('"Linux"', '"L#nux"').replace(b"#", b"\xc0\xaf"),
    "a surrogate in UTF-8": _with('"Linux"', '"L#nux"').replace(b"#", b"\xed\xa0\x80"),
    "Latin-1": _with('"Linux"', '"Lñnux"').decode().encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf" + _REPORT.encode(),
    "UTF-16": _REPORT.encode("utf-16"),
    "UTF-16 without a mark": _REPORT.encode("utf-16-be"),
    "UTF-32": _REPORT.encode("utf-32"),
    "lists nested 500 deep": b"[" * 500 + b"]" * 500,
    "lists nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "lists opened 100,000 times": b"[" * 100_000,
    "objects nested 500 deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "objects nested 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a member nested 500 deep": _with('"Linux"', "[" * 500 + "]" * 500),
    "a member twice": _with(_SO, f"{_SO}, {_SO}"),
    "a member twice with two values": _with(_SO, f'"nombre_so": "Windows", {_SO}'),
    "a member twice, first as an object": _with(_SO, f'"nombre_so": {{"a": "b"}}, {_SO}'),
    "a member twice, once escaped": _with(_SO, f'{_SO}, "nombre_s\\u006f": "Linux"'),
    "a member of a process twice": _with(_PID, '"pid": 2, "pid": 1'),
    "a member of a process twice, once escaped": _with(_PID, '"pid": 2, "p\\u0069d": 1'),
    "a member of a login twice": _with('"pid": 829', '"pid": 829, "pid": 829'),
    "a deeper unknown member twice": _with(_SO, f'{_SO}, "x": [{{"y": {{"z": 1, "z": 2}}}}]'),
    "an empty name twice": b'{"": 1, "": 2}',
    "a name with a quote twice": b'{"a\\"b": 1, "a\\u0022b": 2}',
    "a name with a backslash twice": b'{"a\\\\": 1, "a\\u005c": 2}',
    "a name with a slash twice": b'{"a/b": 1, "a\\/b": 2}',
    "a name outside the basic plane twice": '{"🐧": 1, "\\ud83d\\udc27": 2}'.encode(),
}

# JSON, and no report: what a lax reader would bend until it fits.
NOT_A_REPORT: dict[str, bytes] = {
    "a pid of 2^63": _with(_PID, f'"pid": {2**63}'),
    "a pid of 2^64": _with(_PID, f'"pid": {2**64}'),
    "a pid of -2^64": _with(_PID, f'"pid": -{2**64}'),
    "a pid of 10^300": _with(_PID, f'"pid": {10**300}'),
    "2^64 in an unknown member": _with(_SO, f'{_SO}, "x": {2**64}'),
    "2^64 in place of a text": _with('"Linux"', str(2**64)),
    "2^64 as the version": _with(_SO, f'{_SO}, "version_esquema": {2**64}'),
    "2^64 as the document": str(2**64).encode(),
    "a pid of 1.5": _with(_PID, '"pid": 1.5'),
    "a member nested 200 deep": _with('"Linux"', "[" * 200 + "]" * 200),
    "an unknown member nested 200 deep": _with(_SO, f'{_SO}, "x": {"[" * 200 + "]" * 200}'),
    "an address that is a path": _with("192.168.1.205", "../../pwn"),
    "an address with a line end": _with("192.168.1.205", "192.168.1.205\\n"),
    "a NUL in a name": _with("python-1", "python\\u0000"),
}
