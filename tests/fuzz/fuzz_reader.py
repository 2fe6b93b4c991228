"""A coverage-guided fuzzer on what reads and judges a report.

    python -m tests.fuzz.fuzz_reader FOLDER -max_total_time=60

FOLDER keeps inputs that reach new code, beginning with the cases of tests/schemas and
tests/support/strict_json.py. All options are those of libFuzzer. Ends with status 0 when nothing
was found; otherwise it names the file of the input (crash-…, which it takes as an argument to try
it once more).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["service", "json", "jsonschema"]):
    import jsonschema

    from service.errors import Fault, InvalidReportError
    from service.ingest import validation
    from service.ingest.json_reader import read_json
    from service.project import SCHEMAS_FOLDER
    from tests.support.strict_json import NOT_A_REPORT, NOT_JSON

_LONGEST = 4096  # bytes of a seed; libFuzzer leaves out the rest
_SEEDS = Path(__file__).resolve().parent.parent / "schemas"

_VALIDATOR = validation.ReportValidator()
_SCHEMAS: dict[int, dict[str, Any]] = {
    number: json.loads((SCHEMAS_FOLDER / f"report.v{number}.json").read_bytes())
    for number in (1, 2)
}
_REFERENCE = {number: jsonschema.Draft202012Validator(_SCHEMAS[number]) for number in _SCHEMAS}


class _NotJsonError(ValueError):
    """What another strict reader refuses."""


def try_one(raw: bytes) -> None:
    """Raises AssertionError where two that should agree do not, and whatever else is raised."""
    try:
        document = read_json(raw, _VALIDATOR.bounds)
    except InvalidReportError as refusal:
        (fault,) = refusal.faults
        assert fault.detail.isascii()
        assert fault.detail.isprintable()
        assert _is_refused_elsewhere(raw) or "nested" in fault.detail, fault.detail
        return
    assert not _is_refused_elsewhere(raw)
    assert _same(document.value, json.loads(raw))
    _judge(document)


def _judge(document: Any) -> None:
    value = document.value
    version = value.get("version_esquema", 1) if isinstance(value, dict) else 1
    known = type(version) in (int, float) and version in _REFERENCE  # 2.0 is 2
    valid = known and _REFERENCE[version].is_valid(value)
    if known:
        assert _VALIDATOR._schemas[version].accepts(value) == valid
    try:
        report = _VALIDATOR.validate(document)
    except InvalidReportError as refusal:
        _look_at(refusal.faults, valid=valid)
    else:
        assert valid
        assert report.digest == document.digest


def _look_at(faults: Sequence[Fault], *, valid: bool) -> None:
    assert 1 <= len(faults) <= validation.MAX_FAULTS
    for fault in faults:
        line = f"{fault.pointer}: {fault.detail}"
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 500
        if valid:  # what no schema can say
            assert fault.pointer.endswith(("/fecha_hora", "/ipaddress", "/inicio", "/desde"))


def _is_refused_elsewhere(raw: bytes) -> bool:
    """Whether Python's reader, made strict, refuses it as well."""
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            return True
        json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_finite,
        )
        json.dumps(json.loads(text), ensure_ascii=False).encode()  # fails on lone surrogates
    except (RecursionError, ValueError):
        return True
    return False


def _pairs(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) < len(members):
        raise _NotJsonError
    return found


def _refuse(_: str) -> float:
    raise _NotJsonError


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotJsonError
    return number


def _same(found: Any, expected: Any) -> bool:
    """Equal, but for integers past 64 bits, which are read as floats, and 1.0, read as 1."""
    if isinstance(found, float) and isinstance(expected, int):
        return found == float(expected)
    if type(found) is int and isinstance(expected, float):
        return found == expected
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            _same(found[name], expected[name]) for name in found
        )
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected) and type(found) is type(expected)


def main() -> None:
    if len(sys.argv) > 1 and (folder := Path(sys.argv[1])).is_dir():
        for seed in _SEEDS.glob("*/*.json"):
            (folder / f"{seed.parent.name}-{seed.name}").write_bytes(seed.read_bytes())
        for name, raw in (NOT_JSON | NOT_A_REPORT).items():
            (folder / name.replace("/", "-")).write_bytes(raw[:_LONGEST])
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
