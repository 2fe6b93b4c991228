"""GET /servers: filters, moments and silence."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.support import engine
from tests.support.lists import address, fault_of, listed, pages
from tests.support.live import LiveService
from tests.support.reports import report, report_2

MONDAY = "2026-11-16"
ARM: dict[str, Any] = {"arquitectura_proc": "aarch64", "marca_proc": "Neoverse-N1"}
DEBIAN_11: dict[str, Any] = {"nombre_so": "Debian GNU/Linux", "version_so": "11"}
DEBIAN_12: dict[str, Any] = {"nombre_so": "Debian GNU/Linux", "version_so": "12"}
RHEL: dict[str, Any] = {"nombre_so": "Red Hat Enterprise Linux", "version_so": "9.4"}

# What each server reports, at these times of Monday.
REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("10:00:00", report(ipaddress="10.20.0.1", **DEBIAN_11)),
    ("10:00:00", report(ipaddress="10.20.0.2", **DEBIAN_12, **ARM)),
    ("10:30:00", report(ipaddress="10.20.1.1", **RHEL)),
    ("10:30:00", report(ipaddress="2001:DB8::20:1", **RHEL, **ARM)),
    ("11:00:00.000001", report_2(ipaddress="2001:db8:0:1::5", nombre_host="Señal-ß", **DEBIAN_12)),
    ("12:00:00", report(ipaddress="10.20.0.1", **DEBIAN_12)),  # the first one, upgraded
    ("10:20:00", report(ipaddress="10.20.0.1", **RHEL)),  # and a late one of it
]
FIRST, SECOND, THIRD, FOURTH, FIFTH = range(1, 6)
LATEST = {FIRST: "12", SECOND: "12", THIRD: "9.4", FOURTH: "9.4", FIFTH: "12"}


@pytest.fixture(scope="module", autouse=True)
def fleet(service: LiveService) -> None:
    for at, document in REPORTS:
        assert service.post(document | {"fecha_hora": f"{MONDAY} {at}"}).status == 201


def servers(service: LiveService, **parameters: object) -> list[int]:
    return [row["servidor"] for row in listed(service, "/servers", **parameters)]


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("10.20.0.1", [FIRST]),
        ("10.20.0.1/32", [FIRST]),
        ("10.20.0.0/24", [FIRST, SECOND]),
        ("10.20.0.77/24", [FIRST, SECOND]),
        ("10.20.0.0/23", [FIRST, SECOND, THIRD]),
        ("0.0.0.0/0", [FIRST, SECOND, THIRD]),
        ("10.20.0.3", []),
        ("::ffff:10.20.0.1", [FIRST]),
        ("::ffff:10.20.0.0/120", [FIRST, SECOND]),
        ("2001:db8::20:1", [FOURTH]),
        ("2001:0DB8::/32", [FOURTH, FIFTH]),
        ("2001:db8:0:1::/64", [FIFTH]),
        ("::/0", [FOURTH, FIFTH]),
        ("2001:db9::/32", []),
    ],
)
def test_an_address_or_a_network_selects(
    service: LiveService, network: str, expected: list[int]
) -> None:
    assert servers(service, ipaddress=network) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"nombre_so": "Debian GNU/Linux"}, [FIRST, SECOND, FIFTH]),
        ({"nombre_so": "debian gnu/linux"}, []),
        ({"nombre_so": "Debian"}, []),
        ({"version_so": "12"}, [FIRST, SECOND, FIFTH]),
        ({"version_so": "1"}, []),
        ({"version_so": "11"}, []),  # former values do not match
        ({"arquitectura_proc": "aarch64"}, [SECOND, FOURTH]),
        ({"q": "DEBIAN"}, [FIRST, SECOND, FIFTH]),
        ({"q": "9.4"}, [THIRD, FOURTH]),
        ({"q": "neoverse"}, [SECOND, FOURTH]),
        ({"q": "10.20."}, [FIRST, SECOND, THIRD]),
        ({"q": "seÑal-SS"}, [FIFTH]),
        ({"q": "1b4e28ba2fa14"}, [FIFTH]),
        ({"q": "%"}, []),
        ({"q": "_"}, [FIRST, THIRD, FIFTH]),  # of x86_64, and not any letter
    ],
)
def test_a_filter_selects(
    service: LiveService, parameters: dict[str, str], expected: list[int]
) -> None:
    assert servers(service, **parameters) == expected


def test_filters_together_select_the_intersection(service: LiveService) -> None:
    choices: dict[str, list[str]] = {
        "ipaddress": ["", "10.20.0.0/24"],
        "nombre_so": ["", "Debian GNU/Linux"],
        "arquitectura_proc": ["", "aarch64"],
        "q": ["", "12"],
        "fecha_hora": ["", f"{MONDAY}T10:10"],
    }
    for values in product(*choices.values()):
        given = dict(zip(choices, values, strict=True))
        moment = given.pop("fecha_hora")
        each = [
            set(servers(service, **{name: value, "fecha_hora": moment}))
            for name, value in given.items()
        ]
        together = servers(service, **given, fecha_hora=moment)
        assert together == sorted(set.intersection(*each)), given


def test_the_link_keeps_every_filter(service: LiveService) -> None:
    parameters = {"ipaddress": "10.0.0.0/8", "q": "1+&ñ", "fecha_hora": f"{MONDAY}T23:00Z"}
    assert servers(service, **parameters) == []
    parameters["q"] = "10.20"
    answers = pages(service, address("/servers", **parameters, limit=1))
    assert [row["servidor"] for answer in answers for row in answer.json()["servers"]] == [1, 2, 3]
    following = answers[0].json()["siguiente"]
    expected = address("/servers", **parameters, limit=1, cursor="0000000000000001")
    assert following == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("1970-01-01", {}),
        (f"{MONDAY}T09:59:59.999999", {}),
        (f"{MONDAY}T10:00", {FIRST: "11", SECOND: "12"}),
        (f"{MONDAY}T10:15", {FIRST: "11", SECOND: "12"}),
        (f"{MONDAY}T10:20", {FIRST: "11", SECOND: "12"}),  # whatever the late one says
        (f"{MONDAY}T11:00", {FIRST: "11", SECOND: "12", THIRD: "9.4", FOURTH: "9.4"}),
        (
            f"{MONDAY}T11:00:00.000001",
            {FIRST: "11", SECOND: "12", THIRD: "9.4", FOURTH: "9.4", FIFTH: "12"},
        ),
        (f"{MONDAY}T12:00:00+00:00", LATEST),
        (f"{MONDAY}T06:00-06:00", LATEST),
        ("9999-12-31T23:59:59.999999", LATEST),
    ],
)
def test_the_fleet_is_shown_as_it_was_at_a_moment(
    service: LiveService, moment: str, expected: dict[int, str]
) -> None:
    rows = listed(service, "/servers", fecha_hora=moment, limit=2)
    assert {row["servidor"]: row["version_so"] for row in rows} == expected
    assert all(row["ultimo_contacto"] == row["fecha_hora"] for row in rows)


def test_silence_at_a_moment_is_judged_by_reports_until_then(
    service: LiveService,
) -> None:
    def states(moment: str) -> list[str]:
        rows = listed(service, "/servers", fecha_hora=f"{MONDAY}T{moment}")
        return [row["estado"] for row in rows]

    assert states("10:15") == ["al_dia", "al_dia"]
    assert states("10:15:00.000001") == ["silencioso", "silencioso"]
    # 10:00 and 12:00: its usual interval is then two hours.
    assert states("18:00")[0] == "al_dia"
    assert states("18:00:00.000001")[0] == "silencioso"
    moment = f"{MONDAY}T10:40"
    assert servers(service, fecha_hora=moment, estado="al_dia") == [THIRD, FOURTH]
    assert servers(service, fecha_hora=moment, estado="silencioso") == [FIRST, SECOND]


@pytest.mark.parametrize("estado", ["silent", "AL_DIA", "al_dia,silencioso", "1"])
def test_an_unknown_state_is_refused(service: LiveService, estado: str) -> None:
    fault = fault_of(service.get(address("/servers", estado=estado)))
    assert fault["parameter"] == "estado"
    assert fault["detail"].startswith("expected al_dia, silencioso or retirado, got ")


def test_a_server_is_silent_after_a_long_gap_of_arrivals(
    fresh_service: LiveService,
) -> None:
    service = fresh_service.start()
    # By arrival: the old times of the reports change nothing.
    once, yearly, often = (report(ipaddress=f"10.0.0.{number}") for number in (1, 2, 3))
    yearly_again = yearly | {"fecha_hora": "2021-02-15 02:06:54"}
    often_again = often | {"fecha_hora": "2020-02-15 02:06:56"}  # a second later
    for document in (once, yearly, often, yearly_again, often_again):
        assert service.post(document).status == 201
    assert servers(service, estado="al_dia") == [1, 2, 3]
    an_hour = "UPDATE server SET heard_at = heard_at - 3600 * 1000000"
    engine.execute(service.database, an_hour)
    # As if it had been known for so long: no interval is longer.
    a_year = "UPDATE server SET usual_interval = 366 * 86400 * 1000000 WHERE id = 2"
    engine.execute(service.database, a_year)
    assert servers(service, estado="silencioso") == [1, 3]
    assert servers(service, estado="al_dia") == [2]
    before = listed(service, "/servers")[0]
    assert before["antiguedad"] >= 3600

    late = once | {"fecha_hora": "2020-02-15 02:06:54"}
    assert service.post(late).status == 201
    still = listed(service, "/servers")[0]  # a late report says nothing of now
    assert still | {"antiguedad": 0} == before | {"antiguedad": 0}
    again = once | {"fecha_hora": "2020-02-15 02:06:55"}
    assert service.post(again).status == 201
    after = listed(service, "/servers")[0]
    assert (before["estado"], after["estado"]) == ("silencioso", "al_dia")
    assert after["ultimo_contacto"] > before["ultimo_contacto"]
