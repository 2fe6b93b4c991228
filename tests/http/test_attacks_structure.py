"""More structure than any report can have is refused before it costs anything; a report never is.

The costs themselves are measured in tests/http/test_attacks_cost.py.
"""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.errors import InvalidReportError
from service.ingest import json_reader
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator, _CompiledSchema
from tests.ingest.test_validation import SCHEMAS, valid_documents
from tests.support.reports import report, report_2

VALIDATOR = ReportValidator()
BOUNDS = VALIDATOR.bounds


def structure_of(raw: bytes) -> bytes:
    """The structural characters, found one by one; json_reader.py does it in few passes."""
    found, within, escaped = bytearray(), False, False
    for byte in raw:
        if escaped:
            escaped = False
        elif byte == ord("\\"):
            escaped = True
        elif byte == ord('"'):
            within = not within
        elif not within and byte in b"[{,":
            found.append(byte)
    return bytes(found)


def largest_report() -> dict[str, Any]:
    """A report with the maximum of processes and logins, each with every member."""
    document = report_2(1) | {"id_arranque": "328eedb2-d784-4f05-8fc3-81e6c62250d4"}
    document["procesos"][0]["inicio_ticks"] = 1
    members = SCHEMAS[2]["properties"]
    document["procesos"] *= members["procesos"]["maxItems"]
    document["usuarios_activos"] *= members["usuarios_activos"]["maxItems"]
    return document


def test_the_largest_valid_report_reaches_the_structural_bounds() -> None:
    raw = json.dumps(largest_report()).encode()
    structure = json_reader._structure(raw)
    assert structure.count(b"[") + structure.count(b"{") == BOUNDS.containers
    assert structure.count(b",") == BOUNDS.commas
    VALIDATOR.validate(read_json(raw, BOUNDS))


@pytest.mark.parametrize("more", [b"[]", b"{}", b"0,0"])
def test_one_more_list_object_or_comma_is_refused(more: bytes) -> None:
    raw = json.dumps(largest_report()).encode()
    raw = raw.replace(b'"Linux"', more) if more[:1] in b"[{" else raw + more[1:]
    with pytest.raises(InvalidReportError, match=r"lists and objects and .* outside of texts"):
        read_json(raw, BOUNDS)


def small(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with two processes and one login at most, so that its bounds are soon reached."""
    copy: dict[str, Any] = json.loads(json.dumps(schema))
    copy["properties"]["procesos"]["maxItems"] = 2
    copy["properties"]["usuarios_activos"]["maxItems"] = 1
    return copy


@pytest.mark.torture
@given(st.data(), valid_documents)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_valid_report_is_within_the_structural_bounds(
    data: st.DataObject, document: Any
) -> None:
    compiled = _CompiledSchema(small(SCHEMAS[document.get("version_esquema", 1)]))
    for member, most in (("procesos", 2), ("usuarios_activos", 1)):
        document[member] = (document[member] * data.draw(st.integers(0, 2)))[:most]
    assert compiled.accepts(document)
    structure = structure_of(json.dumps(document, ensure_ascii=False).encode())
    assert structure.count(b"[") + structure.count(b"{") <= compiled.bounds.containers
    assert structure.count(b",") <= compiled.bounds.commas


_texts = st.text('a"\\[{,:\n')
_documents = st.recursive(
    _texts, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=20
)


@pytest.mark.parametrize("piece", [1, 2, 7, 65536])
@given(document=_documents, spaced=st.booleans())
@settings(max_examples=25, deadline=None)
@example(document=["\\", '"', '\\"', '\\\\"', ",", "", {"": ""}], spaced=False)
def test_brackets_and_commas_inside_texts_are_no_structure(
    piece: int, document: object, spaced: bool
) -> None:
    raw = json.dumps(document, indent=1 if spaced else None).encode()
    with mock.patch.object(json_reader, "_PIECE", piece):
        assert json_reader._structure(raw) == structure_of(raw)


def test_texts_may_be_full_of_brackets_and_commas() -> None:
    texts = ["[" * 1024, "{" * 1024, "," * 1024, '",' * 512, '\\"[' * 341, '"' * 1024]
    document = report(1000, nombre_so="[" * 512)
    for at, process in enumerate(document["procesos"]):
        process["name"] = texts[at % len(texts)]
    raw = json.dumps(document).encode()
    assert not BOUNDS.hold(raw), "the quick check alone would refuse it"
    VALIDATOR.validate(read_json(raw, BOUNDS))


def test_the_structure_of_a_report_of_usual_size_is_not_counted() -> None:
    class Uncounted(bytes):
        def count(self, *_: object) -> int:
            raise AssertionError("a short report needs no count")

    assert BOUNDS.hold(Uncounted(json.dumps(report_2(300)).encode()))
