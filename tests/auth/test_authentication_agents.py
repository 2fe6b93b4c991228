"""Tokens of agents: each reports for its own server only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.live import Answer, LiveService
from tests.support.reports import report, report_2
from tests.support.tokens import bearer, make_token

A, B = "machine-a", "machine-b"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    service = LiveService(tmp_path_factory.mktemp("agents") / "var")
    make_token(service.data, "admin")
    try:
        yield service.start()
    finally:
        service.stop()


def post(live: LiveService, secret: str, document: dict[str, Any]) -> Answer:
    return live.request("POST", "/servers", json.dumps(document).encode(), bearer(secret))


def stored_and_archived(live: LiveService) -> tuple[int, list[bytes]]:
    """The number of stored reports, and the archive."""
    ((count,),) = live.rows("SELECT count(*) FROM report")
    return count, [path.read_bytes() for path in sorted(live.archive.iterdir())]


BONDS = {
    "a machine": (A, report_2(id_maquina=A), {
        "another machine": report_2(id_maquina=B),
        "a name that begins like it": report_2(id_maquina=A + "2"),
        "a name of other case": report_2(id_maquina=A.upper()),
        "version 1": report(),
        "version 1 with the address that it once had": report(ipaddress="192.168.1.205"),
        "no id_maquina": {k: v for k, v in report_2().items() if k != "id_maquina"},
    }),
    "an address": ("10.1.0.1", report(ipaddress="10.1.0.1"), {
        "the next address": report(ipaddress="10.1.0.2"),
        "an address that begins like it": report(ipaddress="10.1.0.10"),
        "an address of IPv6": report(ipaddress="2001:db8::1"),
        "the same number as an address of IPv6": report(ipaddress="::10.1.0.1"),
    }),
    "an address of IPv6": ("2001:db8::1", report(ipaddress="2001:DB8:0::1"), {
        "the next address": report(ipaddress="2001:db8::2"),
        "an address of IPv4": report(ipaddress="10.1.0.1"),
    }),
    "a network": ("10.1.0.0/24", report(ipaddress="::ffff:10.1.0.255"), {
        "the network next to it": report(ipaddress="10.1.1.0"),
        "an address outside": report(ipaddress="10.0.0.1"),
    }),
    "a network of IPv6": ("2001:db8::/64", report(ipaddress="2001:db8::ffff"), {
        "the network next to it": report(ipaddress="2001:db8:0:1::"),
        "an address of IPv4": report(ipaddress="10.1.0.1"),
    }),
}  # fmt: skip


@pytest.mark.parametrize("bond", BONDS)
def test_a_bound_token_reports_for_its_own_server_only(live: LiveService, bond: str) -> None:
    server, own, others = BONDS[bond]
    secret = make_token(live.data, "ingest", "--servidor", server)
    before = stored_and_archived(live)
    for name, document in others.items():
        answer = post(live, secret, document)
        assert answer.status == 403, name
        assert answer.json()["type"].endswith(":not-with-this-token")
    assert stored_and_archived(live) == before
    assert post(live, secret, own).status in (200, 201)


def test_an_invalid_report_gets_400_before_its_server_is_checked(live: LiveService) -> None:
    secret = make_token(live.data, "ingest", "--servidor", A)
    assert post(live, secret, report(ipaddress="300.1.1.1")).status == 400


def test_a_token_of_another_server_does_not_learn_of_stored_reports(live: LiveService) -> None:
    document = report(ipaddress="10.2.0.1")
    assert post(live, make_token(live.data, "ingest"), document).status == 201
    bound = make_token(live.data, "ingest", "--servidor", "10.2.0.2")
    assert post(live, bound, document).status == 403


def test_a_token_of_a_network_cannot_report_for_a_machine_of_another(live: LiveService) -> None:
    at_home = report_2(id_maquina="victim", nombre_host="db-1", ipaddress="10.3.0.1")
    assert post(live, make_token(live.data, "ingest"), at_home).status == 201
    moved = at_home | {"ipaddress": "10.4.0.1", "fecha_hora": "2020-02-15 03:00:00"}
    before = stored_and_archived(live)
    other = make_token(live.data, "ingest", "--servidor", "10.4.0.0/24")
    assert post(live, other, moved).status == 403
    assert post(live, other, moved | {"fecha_hora": "2020-02-15 01:00:00"}).status == 403
    assert stored_and_archived(live) == before
    # The token of its own network may, and either token for new machines of its network.
    home = make_token(live.data, "ingest", "--servidor", "10.3.0.0/24")
    assert post(live, home, at_home | {"fecha_hora": "2020-02-15 03:00:00"}).status == 201
    fresh = moved | {"id_maquina": "fresh"}
    assert post(live, other, fresh).status == 201
    assert post(live, other, fresh | {"fecha_hora": "2020-02-15 04:00:00"}).status == 201


# --- enrolment ---


@pytest.fixture(scope="module")
def enrolling_one(live: LiveService) -> str:
    return make_token(live.data, "inscripcion", "--usos", "1")


def enrol(live: LiveService, secret: str, document: Any) -> Answer:
    return live.request("POST", "/inscripcion", json.dumps(document).encode(), bearer(secret))


def test_an_enrolment_token_gives_each_machine_a_token_for_itself_alone(live: LiveService) -> None:
    enrolling = make_token(live.data, "inscripcion", "--usos", "2")
    given = {}
    for machine in ("enrolled-1", "enrolled-2"):
        answer = enrol(live, enrolling, {"id_maquina": machine, "nombre_host": "web"})
        assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
        given[machine] = answer.json()["token"]
    own = report_2(id_maquina="enrolled-1", ipaddress="10.5.0.1")
    assert post(live, given["enrolled-2"], own).status == 403
    assert post(live, given["enrolled-1"], own).status == 201
    assert live.request("GET", "/servers", headers=bearer(given["enrolled-1"])).status == 403
    # It is used up now.
    assert enrol(live, enrolling, {"id_maquina": "enrolled-3"}).status == 403


def test_a_machine_that_uses_its_token_cannot_be_taken_over(live: LiveService) -> None:
    enrolling = make_token(live.data, "inscripcion", "--usos", "5")
    first = enrol(live, enrolling, {"id_maquina": "taken"}).json()["token"]
    lost = first
    first = enrol(live, enrolling, {"id_maquina": "taken"}).json()["token"]  # an answer was lost
    own = report_2(id_maquina="taken", ipaddress="10.6.0.1")
    assert post(live, lost, own).status == 401
    assert post(live, first, own).status == 201
    assert enrol(live, enrolling, {"id_maquina": "taken"}).status == 403
    assert post(live, first, own).status == 200


def test_an_enrolment_token_is_refused_by_other_routes(live: LiveService) -> None:
    enrolling = make_token(live.data, "inscripcion", "--usos", "1")
    before = stored_and_archived(live)
    assert post(live, enrolling, report(ipaddress="10.7.0.1")).status == 403
    assert stored_and_archived(live) == before
    for path in ("/servers", "/tokens", "/", "/resumen"):
        assert live.request("GET", path, headers=bearer(enrolling)).status == 403


def test_a_machine_renews_its_own_token_only(live: LiveService) -> None:
    enrolling = make_token(live.data, "inscripcion", "--usos", "2", "--validez", "90d")
    old = enrol(live, enrolling, {"id_maquina": "renews"}).json()["token"]
    assert enrol(live, old, {"id_maquina": "another"}).status == 403
    renewed = enrol(live, old, {"id_maquina": "renews"})
    assert renewed.status == 201
    for secret in (old, renewed.json()["token"]):  # no attempt is free
        assert post(live, secret, report_2(id_maquina="renews")).status in (200, 201)
        assert post(live, secret, report_2(id_maquina="another")).status == 403
    assert "another" not in (live.data / "audit.jsonl").read_text()


@pytest.mark.torture
@pytest.mark.parametrize("server", [None, "10.8.0.1", "10.8.0.0/24"])
def test_a_token_without_a_machine_cannot_enrol(live: LiveService, server: str | None) -> None:
    bond = () if server is None else ("--servidor", server)
    secret = make_token(live.data, "ingest", *bond)
    assert enrol(live, secret, {"id_maquina": "victim"}).status == 403
    reader = make_token(live.data, "lectura")
    assert enrol(live, reader, {"id_maquina": "victim"}).status == 403


@pytest.mark.parametrize(
    "document",
    [{}, [], None, 5, {"id_maquina": ""}, {"id_maquina": None}, {"id_maquina": "a b"},
     {"id_maquina": "a" * 129}, {"id_maquina": "../../etc"}, {"id_maquina": "a\n"},
     {"id_maquina": "ñ"}, {"id_maquina": "a\0"}, {"id_maquina": ["a"]},
     {"id_maquina": "a", "nombre_host": 5}, {"id_maquina": "a", "nombre_host": "x" * 256},
     {"id_maquina": "a", "nombre_host": "a\0"},
     {"id_maquina": "a", "scope": "admin"}, {"id_maquina": "a", "server": "id:b"},
     {"id_maquina": "a", "nombre_host": "x" * 20_000}],
)  # fmt: skip
def test_an_invalid_machine_is_not_enrolled(
    live: LiveService, enrolling_one: str, document: Any
) -> None:
    answer = enrol(live, enrolling_one, document)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body.isascii()


def test_refused_enrolments_are_not_counted(live: LiveService, enrolling_one: str) -> None:
    assert enrol(live, enrolling_one, {"id_maquina": "the-one"}).status == 201
    assert enrol(live, enrolling_one, {"id_maquina": "one-more"}).status == 403
