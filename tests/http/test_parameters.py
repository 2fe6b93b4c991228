"""service/http/parameters.py."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest

from service import times
from service.errors import InvalidParameterError
from service.http.parameters import PAGING, Parameter, Query, choice, integer, network, text, time

NAME = text("name", 10)
MOMENT = time("fecha_hora")
ADDRESS = network("ipaddress")
PID = integer("pid", 0, 4294967295)
STATE = choice("estado", {"al_dia": False, "silencioso": True})


def fault(query_string: str, *taken: Parameter[Any]) -> InvalidParameterError:
    with pytest.raises(InvalidParameterError) as caught:
        Query(query_string, *taken)
    return caught.value


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("a", "a"),
        ("a+b%20c", "a b c"),
        ("a%2Bb", "a+b"),
        ("a,b", "a,b"),
        ("ma%C3%B1ana", "mañana"),
        ("ma\u00c3\u00b1ana", "mañana"),  # bytes as they come, which WSGI hands on as latin-1
        ("%0A%1B%5B", "\n\x1b["),
        ("%E2%80%AE", "\u202e"),
        ("100%", "100%"),
        ("a=b", "a=b"),
        ("0123456789", "0123456789"),
        ("%F0%9F%98%80" * 10, "\U0001f600" * 10),
    ],
)
def test_a_text_is_read_unchanged(encoded: str, expected: str) -> None:
    query = Query(f"name={encoded}", NAME)
    assert query[NAME] == query.text(NAME) == expected


@pytest.mark.parametrize("encoded", ["0123456789a", "%00", "a%00b"])
def test_a_long_text_or_one_with_nul_is_refused(encoded: str) -> None:
    problem = fault(f"name={encoded}", NAME)
    assert problem.parameter == "name"
    assert problem.detail.startswith("expected a text of at most 10 characters, without NUL, got")


@pytest.mark.parametrize("encoded", ["%ED%A0%80", "%FF", "%C3", "%C0%80", "\u00ff"])
def test_a_name_in_another_encoding_than_utf_8_is_refused(encoded: str) -> None:
    assert fault(f"name={encoded}", NAME).detail.startswith("expected UTF-8, got ")
    assert fault(f"{encoded}=1", NAME).detail.startswith("expected UTF-8, got ")


@pytest.mark.parametrize("query_string", ["", "name=", "name", "&", "&name=&"])
def test_an_empty_value_counts_as_absent(query_string: str) -> None:
    query = Query(query_string, NAME, PID, *PAGING)
    assert (query[NAME], query.text(NAME), query[PID]) == (None, "", None)
    assert (query.after, query.limit) == (0, 100)


@pytest.mark.parametrize("query_string", ["name=a&name=b", "name=a&name=a", "name=&name=a"])
def test_a_repeated_parameter_is_refused(query_string: str) -> None:
    assert fault(query_string, NAME).detail == "expected one value, got several"


@pytest.mark.parametrize("query_string", ["nombre=", "Name=a", "=a", "name%00=a", "%20name=a"])
def test_an_unknown_parameter_is_refused_even_when_it_is_empty(query_string: str) -> None:
    problem = fault(query_string, NAME, PID, *PAGING)
    assert problem.detail == "unknown parameter, expected name, pid, limit or cursor"


def test_a_route_without_parameters_refuses_any() -> None:
    assert fault("name=a").detail == "unknown parameter, expected none"


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("2026-11-23", "2026-11-23 00:00:00.000000"),
        ("2026-11-23T10:00", "2026-11-23 10:00:00.000000"),
        ("2026-11-23+10:00", "2026-11-23 10:00:00.000000"),
        ("2026-11-23T10:00Z", "2026-11-23 10:00:00.000000"),
        ("2026-11-23%2010:00:01.5", "2026-11-23 10:00:01.500000"),
        ("2026-11-23T10:00:00%2B01:00", "2026-11-23 09:00:00.000000"),
        ("2026-11-23T10:00-05:30", "2026-11-23 15:30:00.000000"),
        ("2026-11-23T10:00:00.1234569Z", "2026-11-23 10:00:00.123456"),
        ("1970-01-01", "1970-01-01 00:00:00.000000"),
        ("9999-12-31T23:59:59.999999", "9999-12-31 23:59:59.999999"),
    ],
)
def test_a_time_may_leave_out_zero_parts(encoded: str, expected: str) -> None:
    moment = Query(f"fecha_hora={encoded}", MOMENT)[MOMENT]
    assert moment is not None
    assert times.to_text(moment) == expected


@pytest.mark.parametrize(
    "encoded",
    [
        "yesterday",
        "0",
        "1763892000",
        "2026-11",
        "2026-02-30",
        "2026-11-23T24:00",
        "2026-11-23T10",
        "2026-11-23T10:60",
        "2026-11-23T10:00:60",
        "2026-11-23T10:00:00,5",
        "2026-11-23T10:00:00.",
        "2026-11-23T10:00z",
        "2026-11-23t10:00",
        "2026-11-23T10:00%2B0100",
        "2026-11-23T10:00%2B24:00",
        "2026-11-23Z",
        "2026-W48-1",
        "20261123",
        "1969-12-31",
        "1970-01-01T00:00%2B01:00",
        "10000-01-01",
        "9999-12-31T23:00-05:00",
        "%D9%A2026-11-23",
        "2026-11-23%0A",
        "%202026-11-23",
    ],
)
def test_an_invalid_time_is_refused(encoded: str) -> None:
    problem = fault(f"fecha_hora={encoded}", MOMENT)
    assert problem.parameter == "fecha_hora"
    assert problem.detail.startswith("expected a date from 1970 to 9999 such as 2026-11-23, ")
    assert "%2B" not in problem.detail


@pytest.mark.parametrize("encoded", ["2026-11-23T10:00:00+01:00", "2026-11-23%2010:00 01:00"])
def test_an_offset_whose_plus_became_a_space_gets_a_hint(encoded: str) -> None:
    problem = fault(f"fecha_hora={encoded}", MOMENT)
    assert problem.detail.endswith('01:00" (a + in an address is read as a space: write %2B)')


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.1.2.3/24", "10.1.2.0/24"),
        ("10.1.2.0%2F24", "10.1.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::FFFF:a01:203/112", "10.1.0.0/16"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
    ],
)
def test_an_address_or_network_is_read_as_reports_store_it(encoded: str, expected: str) -> None:
    assert Query(f"ipaddress={encoded}", ADDRESS)[ADDRESS] == ip_network(expected)


@pytest.mark.parametrize(
    "encoded",
    [
        "10.1.2",
        "10.1.2.256",
        "10.01.2.3",
        "167837955",
        "10.1.2.0/33",
        "10.1.2.0/024",
        "10.1.2.0/255.255.255.0",
        "10.1.2.0/",
        "10.1.2.0/-1",
        "10.1.2.0/24/8",
        "10.1.2.%D9%A1",
        "2001:db8::/129",
        "2001:db8::1::",
        "fe80::1%25eth0",
        "[::1]",
        "web-1",
        "10.1.2.3%0A",
        "+10.1.2.3",
    ],
)
def test_an_invalid_address_is_refused(encoded: str) -> None:
    assert fault(f"ipaddress={encoded}", ADDRESS).parameter == "ipaddress"


@pytest.mark.parametrize("value", ["0", "4294967295", "007"])
def test_an_integer_is_read_within_its_bounds(value: str) -> None:
    assert Query(f"pid={value}", PID)[PID] == int(value)


@pytest.mark.parametrize("value", ["-1", "%2B1", "4294967296", "9" * 400, "1.0", "1_0", "%D9%A1"])
def test_an_invalid_integer_is_refused(value: str) -> None:
    detail = fault(f"pid={value}", PID).detail
    assert detail.startswith('expected an integer from 0 to 4294967295, got "')


def test_a_choice_maps_a_word_to_its_value() -> None:
    assert Query("estado=al_dia", STATE)[STATE] is False
    assert Query("estado=silencioso", STATE)[STATE] is True
    assert fault("estado=Al_dia", STATE).detail == 'expected al_dia or silencioso, got "Al_dia"'


def test_an_address_keeps_every_other_parameter() -> None:
    query = Query("name=a%26b&pid=&cursor=0000000000000001&limit=5", NAME, PID, *PAGING)
    assert query.after == 1
    assert query.address("/x") == "/x?name=a%26b&cursor=0000000000000001&limit=5"
    assert query.address("/x", cursor=None, limit=7) == "/x?name=a%26b&limit=7"
    assert query.address_after("/x", 255) == "/x?name=a%26b&cursor=00000000000000ff&limit=5"
    assert query.address("/x", name=None, cursor=None, limit=None) == "/x"


def test_a_name_survives_quoting_in_an_address() -> None:
    name = "a+b &=%\n\u202e\U0001f600"
    address = Query("", NAME).address("/x", name=name)
    assert re.fullmatch(r"[!-~]+", address)
    assert Query(address.partition("?")[2], NAME)[NAME] == name
