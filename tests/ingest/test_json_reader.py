"""service/ingest/json_reader.py: one reading, or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import InvalidReportError
from service.ingest.json_reader import read_json
from tests.support.strict_json import NOT_A_REPORT, NOT_JSON


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_has_no_single_reading_is_refused_in_one_line(raw: bytes) -> None:
    with pytest.raises(InvalidReportError) as refusal:
        read_json(raw)
    (fault,) = refusal.value.faults
    assert fault.pointer == ""
    assert fault.detail.isascii()
    assert "\n" not in fault.detail
    assert len(fault.detail) <= 200


@pytest.mark.parametrize("raw", NOT_A_REPORT.values(), ids=NOT_A_REPORT.keys())
def test_strange_json_is_still_json(raw: bytes) -> None:
    read_json(raw)


def test_integers_past_64_bits_keep_their_size() -> None:
    value: Any = read_json(b"[18446744073709551616, -9223372036854775809, 1e300]").value
    assert value == [2.0**64, -(2.0**63), 1e300]


def test_nesting_up_to_254_deep_is_read() -> None:
    assert read_json(b"[" * 254 + b"]" * 254)
    with pytest.raises(InvalidReportError, match="nested less than 255 deep"):
        read_json(b"[" * 255 + b"]" * 255)


def test_the_digest_is_the_same_however_the_document_is_spelled() -> None:
    one = b'{"a":[1,{"b":"\xc3\xb1","c":null}],"d":"/"}'
    other = b' {"d" : "\\/", "a": [1, {"c":null,\n"b":"\\u00f1"} ] } '
    assert read_json(one).digest == read_json(other).digest


def test_an_integer_spelled_as_a_float_is_that_integer() -> None:
    # As Lua 5.3 writes every number.
    integers, floats = (
        read_json(b'{"a":[1,-2,{"b":0}]}'),
        read_json(b'{"a":[1.0,-20e-1,{"b":0.0}]}'),
    )
    assert floats.value == integers.value
    assert repr(floats.value) == repr(integers.value)
    assert floats.digest == integers.digest
    assert floats.spelled_digest not in {None, floats.digest}
    assert integers.spelled_digest is None


def test_other_floats_and_texts_stay_as_they_are() -> None:
    document = read_json(b'{"a":[1.5,1e300,"1.0",",2.0]"]}')
    assert document.value == {"a": [1.5, 1e300, "1.0", ",2.0]"]}
    assert document.spelled_digest is None


@pytest.mark.parametrize("other", [b'{"a":[2,1]}', b'{"a":[1,2,2]}', b'{"b":[1,2]}', b'{"a":"12"}'])
def test_the_digest_tells_documents_apart(other: bytes) -> None:
    assert read_json(b'{"a":[1,2]}').digest != read_json(other).digest


# Few letters, so that names come twice; among them all that is escaped.
_texts = st.text(st.sampled_from('ab"\\/\n\x00ñ🐧'), max_size=3)


@st.composite
def _spelled(draw: st.DrawFn, text: str) -> str:
    """One of the spellings that JSON has for a text."""
    spelled = []
    for character in text:
        escaped = json.dumps(character)[1:-1]
        units = character.encode("utf-16-be").hex(" ", 2).split()
        choices = [escaped, "".join(f"\\u{unit}" for unit in units)]
        if character not in '"\\' and character.isprintable():
            choices.append(character)
        if character == "/":
            choices.append("\\/")
        spelled.append(draw(st.sampled_from(choices)))
    return f'"{"".join(spelled)}"'


def _object_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(_texts.flatmap(_spelled), st.sampled_from([":", " :\t"]), values)
    return st.lists(member.map("".join), max_size=4).map(lambda members: f"{{{','.join(members)}}}")


_scalars = st.one_of(
    st.sampled_from(["null", "true", "-0", "1.5e3", '"{"', '"\\""', '"\\\\"', '",\\"a\\":"']),
    _texts.flatmap(_spelled),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        _object_of(inner), st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    ),
    max_leaves=8,
)


@given(_object_of(_values))
@settings(max_examples=80, deadline=None)
@example('{"a":{"b":"c"},"a":1}')
@example('{"\\\\":"\\\\","\\u005c":1}')
def test_a_document_is_refused_exactly_when_a_member_comes_twice(text: str) -> None:
    twice = False

    def pairs(members: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal twice
        found = dict(members)
        twice = twice or len(found) < len(members)
        return found

    expected = json.loads(text, object_pairs_hook=pairs)
    if twice:
        with pytest.raises(InvalidReportError, match="each member of an object once"):
            read_json(text.encode())
    else:
        assert read_json(text.encode()).value == expected
