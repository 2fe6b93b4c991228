"""service/ingest/validation.py: two validators with equal verdicts, and faults in words.

tests/schemas/ holds the cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import InvalidReportError
from service.ingest import validation
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.project import SCHEMAS_FOLDER
from service.report import Report
from tests.support.reports import report, report_2

SCHEMAS: dict[int, dict[str, Any]] = {
    n: json.loads((SCHEMAS_FOLDER / f"report.v{n}.json").read_bytes()) for n in (1, 2)
}
REFERENCE = {number: jsonschema.Draft202012Validator(SCHEMAS[number]) for number in SCHEMAS}
FAST = {number: validation._fast_validator(SCHEMAS[number]) for number in SCHEMAS}
VALIDATOR = ReportValidator()

UNREADABLE = re.compile(r"/ipaddress|/fecha_hora|/procesos/\d+/inicio|/usuarios_activos/\d+/desde")
LONGEST_FAULT = 400  # characters: a line for the expected value, and less than one for the received


def validate(document: object) -> Report:
    return VALIDATOR.validate(read_json(json.dumps(document).encode()))


def faults(document: object) -> list[tuple[str, str]]:
    """(pointer, detail) of each fault that the service finds in a document."""
    with pytest.raises(InvalidReportError) as refusal:
        validate(document)
    return [(fault.pointer, fault.detail) for fault in refusal.value.faults]


# --- the verdicts ---

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([1.0, 1e2, 1.5, -0.0, 0.1, 4294967295.0, 4294967296.0, 1e300]),
    st.sampled_from([2**32 - 1, 2**32, 2**53 + 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**300]),
    _texts,
    st.sampled_from(["", "\n", "\0", "x\n", "a" * 256, "ñ" * 257, "🐧" * 513, "a" * 1025]),
    st.sampled_from(
        ["10.0.0.1\n", "::", "fe80::1%0", "2020-02-31 00:00:00", "٢٠٢٠-01-01 00:00:00"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(_texts, st.integers(), max_size=2),
)
_line_ends = st.sampled_from(["\n", "\r", "\r\n", "\u2028", "\x85", " ", "\0"])


# schemathesis makes documents from the copy of the schema in openapi.json (a test keeps it true).
_description = json.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())
_post = schemathesis.openapi.from_dict(_description)["/servers"]["POST"]
valid_documents = _post.as_strategy().map(lambda case: case.body)


@st.composite
def mutated_documents(draw: st.DrawFn) -> object:
    """A valid document in which one to three things were changed, anywhere."""
    holder = {
        "document": deepcopy(draw(valid_documents | st.just(report(2)) | st.just(report_2(2))))
    }
    for _ in range(draw(st.integers(1, 3))):
        parent, key = draw(st.sampled_from(list(_positions(holder))))
        change = draw(st.sampled_from(["remove", "replace", "add", "lengthen", "rename"]))
        if change == "remove" and parent is not holder:
            del parent[key]
        elif change == "add" and isinstance(parent[key], dict):
            parent[key][
                draw(_texts | st.sampled_from(["version_esquema", "pid", "inicio", "id_maquina"]))
            ] = draw(_odd_values)
        elif change == "add" and isinstance(parent[key], list):
            parent[key].insert(0, draw(_odd_values))
        elif change == "lengthen" and isinstance(parent[key], str):
            parent[key] += draw(_line_ends)
        elif change == "rename" and isinstance(parent, dict) and parent is not holder:
            parent[draw(st.sampled_from([key.upper(), f"{key}\n", f" {key}"]))] = parent.pop(key)
        else:
            parent[key] = draw(_odd_values)
    return holder["document"]


def _positions(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = node.keys() if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _positions(node[key])


@given(valid_documents)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_validators_accept_every_valid_document(document: object) -> None:
    value = read_json(json.dumps(document).encode()).value
    version = version_of(value)
    assert REFERENCE[version].is_valid(value)
    assert FAST[version](value)
    assert_the_service_agrees(document, valid=True)


@given(mutated_documents())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_validators_agree_on_mutated_documents(document: object) -> None:
    value = read_json(json.dumps(document).encode()).value
    verdicts = {number: REFERENCE[number].is_valid(value) for number in REFERENCE}
    assert {number: FAST[number](value) for number in FAST} == verdicts
    assert_the_service_agrees(document, valid=verdicts[version_of(value)])


def version_of(document: object) -> int:
    """The version whose schema applies to a document; 1 for unknown ones, which it refuses."""
    version = document.get("version_esquema", 1) if isinstance(document, dict) else 1
    return int(version) if type(version) in (int, float) and version in SCHEMAS else 1


def assert_the_service_agrees(document: object, *, valid: bool) -> None:
    try:
        validate(document)
    except InvalidReportError as refusal:
        found = refusal.faults
    else:
        assert valid
        return
    assert 1 <= len(found) <= 10
    assert len({fault.pointer for fault in found}) == len(found)
    for fault in found:
        line = f"{fault.pointer}: {fault.detail}"
        assert line.isascii()
        assert line.isprintable()
        assert len(line) <= LONGEST_FAULT
    if valid:  # a rule beyond the schemas: see tests/schemas/refused
        assert all(UNREADABLE.fullmatch(fault.pointer) for fault in found)


# --- the words ---


def expected_of(version: int, member: str) -> str:
    return f"expected {SCHEMAS[version]['properties'][member]['title']}"


@pytest.mark.parametrize(
    ("document", "pointer", "detail"),
    [
        (
            report(procesos=[{"username": None, "pid": "abc", "name": None}]),
            "/procesos/0/pid",
            'expected an integer from 0 to 4294967295, got "abc"',
        ),
        (
            report(procesos=[*report(3)["procesos"], {"username": None, "pid": True, "name": ""}]),
            "/procesos/3/pid",
            "expected an integer from 0 to 4294967295, got true",
        ),
        (
            report(usuarios_activos=[{"pid": -1, "name": None}]),
            "/usuarios_activos/0/pid",
            "expected null or an integer from 0 to 4294967295, got -1",
        ),
        (
            report(usuarios_activos=[{"pid": 1}]),
            "/usuarios_activos/0/name",
            "expected null or a text of at most 256 characters, without NUL, it is missing",
        ),
        (
            report(nombre_so="ñ" * 513),
            "/nombre_so",
            "expected a text of at most 512 characters, without NUL, got "
            + json.dumps("ñ" * 10)
            + "... (513 characters)",
        ),
        (
            report() | {"hostname": "web-1"},
            "/hostname",
            "expected no such member, only " + ", ".join(SCHEMAS[1]["properties"]),
        ),
        (
            report(ipaddress="300.1.1.1"),
            "/ipaddress",
            "expected an IPv4 or IPv6 address such as 192.168.1.205 or 2001:db8::1, got "
            + json.dumps("300.1.1.1"),
        ),
        (
            report(procesos={"pid": 1}),
            "/procesos",
            "expected a list of at most 100000 processes, got an object of 1 members",
        ),
        (
            report_2(1, id_maquina="a b"),
            "/id_maquina",
            expected_of(2, "id_maquina") + ', got "a b"',
        ),
        (
            report_2(1, nombre_host=None),
            "/nombre_host",
            "expected a text of at most 255 characters, without NUL, got null",
        ),
        (
            report_2(1, fuente_usuarios="who"),
            "/fuente_usuarios",
            'expected logind, utmp, ninguna or desconocida, got "who"',
        ),
        (
            report_2(1, descartados=-1),
            "/descartados",
            "expected an integer from 0 to 9007199254740991, got -1",
        ),
        (
            report_2(20, inicio_17="1970-01-01 00:00:00+01:00"),
            "/procesos/17/inicio",
            expected_of(1, "fecha_hora") + ', got "1970-01-01 00:00:00+01:00"',
        ),
        (
            report_2(1, usuarios_activos=[{"pid": 1, "name": "juan", "desde": 5}]),
            "/usuarios_activos/0/desde",
            expected_of(1, "fecha_hora") + ", got 5",
        ),
        (
            [report()],
            "",
            "expected an object that reports on one server (version 1), got a list of 1 items",
        ),
        (
            report() | {"version_esquema": 99},
            "/version_esquema",
            re.compile(
                r"expected a version that this service knows \(1[0-9, ]*; 1 is a document without"
                r" this member\), got 99"
            ),
        ),
    ],
)
def test_a_fault_has_a_pointer_and_the_expected_value(
    document: object, pointer: str, detail: str | re.Pattern[str]
) -> None:
    ((found_pointer, found_detail),) = faults(document)
    assert found_pointer == pointer
    assert re.fullmatch(re.escape(detail) if isinstance(detail, str) else detail, found_detail)


def test_the_first_ten_faults_of_a_long_list_are_reported() -> None:
    rows: list[object] = list(report(20_000)["procesos"])
    rows[15_000:] = ["bad"] * 5_000
    assert [pointer for pointer, _ in faults(report(procesos=rows))] == [
        f"/procesos/{at}" for at in range(15_000, 15_010)
    ]


def test_a_start_in_a_report_of_version_1_is_an_unknown_member_however_it_reads() -> None:
    rows = [{"pid": 1, "name": "n", "username": "u", "inicio": "2020-02-31 01:00:00"}] * 20
    found = faults(report(procesos=rows))
    assert [pointer for pointer, _ in found] == [f"/procesos/{at}/inicio" for at in range(10)]
    assert all("no such member" in detail for _, detail in found)
    one = [*rows[:1], *report(15)["procesos"]]
    assert len(faults(report(procesos=one))) == 1


def test_the_first_ten_unreadable_times_are_reported() -> None:
    moments = {f"inicio_{at}": "1970-01-01 00:00:00+01:00" for at in range(5, 25)}
    assert [pointer for pointer, _ in faults(report_2(30, **moments))] == [
        f"/procesos/{at}/inicio" for at in range(5, 15)
    ]


@pytest.mark.parametrize(
    "document",
    [
        report(marca_proc="x" * 1_000_000),
        report(marca_proc=["\x1b[31m" * 1000] * 1000),
        report(marca_proc={"\n" * 1000: 1}),
        report() | {"ñ\n\x1b[31m\x7f\u202e" * 1000: 1},
        report(nombre_so=1, version_so="🐧" * 1000, marca_proc='"' * 1000, ipaddress="\n" * 60),
        report() | {f"{number}/" * 1000: number for number in range(1000)},
        report() | {"version_esquema": "2\n\x7f" * 1000},
        report() | {"version_esquema": 10**300},
        "\u202e" * 1000,
    ],
    ids=["text", "list", "object", "name", "texts", "names", "version", "number", "document"],
)
def test_a_fault_quotes_at_most_one_short_line_of_the_document(document: object) -> None:
    assert_the_service_agrees(document, valid=False)
