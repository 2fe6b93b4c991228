"""GET /violaciones, /politicas, /politicas/{id} and /servers/{id_serv}/cumplimiento."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import falcon
import falcon.testing
import pytest

from service.errors import StorageUnavailableError
from service.http.listing import CUT_OFF, Listing, stream_csv
from service.store.engines import open_database
from service.times import parse
from tests.support.judged import PASSES, SILENT, Judging, fails
from tests.support.lists import as_csv, csv_of, fault_of, listed, rows_of
from tests.support.live import Answer, LiveService
from tests.support.reports import report
from tests.support.tokens import bearer, make_token

DAY = "2026-03-01"
TAKEN_UP_AT = parse(f"{DAY} 09:00:00")


def post(service: LiveService, address: str, time: str, **headers: str) -> int:
    document = report(ipaddress=address, fecha_hora=f"{DAY} {time}:00")
    id_serv: int = service.post(document, **headers).json()["id_serv"]
    return id_serv


@pytest.fixture(scope="module", autouse=True)
def records(service: LiveService) -> list[int]:
    """A server that fails from 10:05 on and was silent at 10:20, and one that passes again."""
    first = [post(service, "10.0.0.1", f"10:{minute:02}") for minute in (0, 5, 10)]
    second = [post(service, "10.0.0.2", f"10:{minute:02}") for minute in (0, 5, 10)]
    with closing(open_database(service.database)) as database:
        judging = Judging(database)
        judging.take_up("minero", TAKEN_UP_AT)
        judging.take_up("silencioso", TAKEN_UP_AT)
        for id_serv, verdict in zip(first, (PASSES, fails("xmrig"), fails("xmrig")), strict=True):
            judging.report(id_serv, minero=verdict)
        for id_serv, verdict in zip(second, (PASSES, fails("-minerd"), PASSES), strict=True):
            judging.report(id_serv, minero=verdict)
        judging.event(1, "silencio", parse(f"{DAY} 10:20:00"), minero=SILENT)
        judging.fault("/rules/rota.sql", 3, "the header is no TOML")
    return [*first, *second]


def bounds(row: dict[str, Any], *names: str) -> list[tuple[object, object]]:
    """The time and the record of each bound."""
    return [(row[name] and row[name][11:16], row[f"{name}_id_serv"]) for name in names]


def test_failing_since_when_is_one_request(service: LiveService, records: list[int]) -> None:
    (row,) = listed(service, "/violaciones", politica="minero", servidor=1, abiertas="si")
    assert bounds(row, "abierta_tras", "abierta_en", "resuelta_en") == [
        ("10:00", records[0]),
        ("10:05", records[1]),
        (None, None),
    ]
    assert row["clave"] == {"name": "xmrig", "username": "ana"}
    assert row["motivo_es"] == "xmrig se ejecuta como ana."
    assert row["evidencia"] == [{"name": "xmrig", "username": "ana", "ejecutable": None, "n": 1}]
    # The server is silent: it goes on, but nobody knows whether it still fails.
    assert (row["estado"], row["razon"]) == ("desconocida", "silencio")
    assert bounds(row, "vista") == [("10:10", records[2])]


def test_a_violation_that_ended_names_both_reports_of_each_end(
    service: LiveService, records: list[int]
) -> None:
    (row,) = listed(service, "/violaciones", abiertas="no")
    assert bounds(row, "abierta_tras", "abierta_en", "vista", "resuelta_en") == [
        ("10:00", records[3]),
        ("10:05", records[4]),
        ("10:05", records[4]),
        ("10:10", records[5]),
    ]
    assert (row["estado"], row["fin"], row["fugaz"]) == ("cerrada", "resuelta", False)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("10:02", ("cumple", None, ("10:00", 0), None)),
        ("10:07", ("falla", None, ("10:05", 1), None)),
        ("10:30", ("desconocido", "silencio", ("10:20", None), None)),
        ("09:30", (None, None, (None, None), "10:00")),
    ],
)
def test_was_it_compliant_at_a_moment_is_one_request(
    service: LiveService, records: list[int], moment: str, expected: tuple[Any, ...]
) -> None:
    path = f"/servers/{records[0]}/cumplimiento"
    rows = listed(service, path, fecha_hora=f"{DAY}T{moment}")
    (row,) = (row for row in rows if row["politica"] == "minero")
    state, reason, (time, record), before = expected
    assert (row["veredicto"], row["razon"]) == (state, reason)
    since = None if record is None else records[record]
    assert bounds(row, "desde") == [(time, since)]
    assert (row["antes_de"] and row["antes_de"][11:16]) == before


def test_the_counts_of_a_rule_agree_with_the_lists_that_they_lead_to(
    service: LiveService,
) -> None:
    for moment in ({}, {"fecha_hora": f"{DAY}T10:07"}, {"fecha_hora": f"{DAY}T10:02"}):
        (rule, _) = listed(service, "/politicas", **moment)
        assert rule["id"] == "minero"
        for verdict in ("cumple", "falla", "desconocido", "no_aplica"):
            asked = {"veredicto": verdict, **moment}
            assert len(verdicts(service, "minero", **asked)) == rule[verdict]
        open_ones = listed(service, "/violaciones", politica="minero", abiertas="si", **moment)
        assert len(open_ones) == rule["violaciones_abiertas"]
        known = rule["cumple"] + rule["falla"] + rule["desconocido"]
        assert rule["proporcion"] == 100 * rule["cumple"] // known


def verdicts(service: LiveService, rule: str, **parameters: object) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    rows: list[dict[str, Any]] = service.get(f"/politicas/{rule}?{query}").json()["veredictos"]
    return rows


def test_a_rule_that_judged_nobody_has_no_share(service: LiveService) -> None:
    _, rule = listed(service, "/politicas")
    assert (rule["id"], rule["proporcion"], rule["sin_evaluar"]) == ("silencioso", None, 2)


def test_the_rules_name_the_files_that_were_refused(service: LiveService) -> None:
    document = service.get("/politicas").json()
    fault = {"fichero": "/rules/rota.sql", "linea": 3, "motivo": "the header is no TOML"}
    assert document["rechazadas"] == [fault]


def test_a_rule_shows_its_texts_and_its_statement(service: LiveService) -> None:
    rule = service.get("/politicas/minero").json()
    assert rule["textos"]["en"]["titulo"] == "Cryptocurrency miner"
    assert rule["textos"]["es"]["remedio"].startswith("Aísle el servidor")
    assert "stratum+" in rule["sql"]
    assert rule["fichero"].startswith('-- id = "minero"')
    assert rule["controles"]["ens"] == ["op.exp.6", "op.mon.1"]
    assert [text["version"] for text in rule["historial"]] == [1]


def test_an_unknown_rule_is_a_404(service: LiveService) -> None:
    answer = service.get("/politicas/telnet")
    assert answer.status == 404
    assert answer.json()["type"] == "urn:compliance-continuo:problems:no-such-rule"


@pytest.mark.parametrize("path", ["/politicas", "/violaciones", "/servers/{}/cumplimiento"])
def test_each_answer_says_how_far_servers_are_judged(service: LiveService, path: str) -> None:
    ((record,),) = service.rows("SELECT max(id) FROM report WHERE server_id = 2")
    path = path.format(record)
    assert service.get(path).json()["evaluador"] == "al_dia"
    (waiting,) = service.rows("SELECT seq FROM judged WHERE server_id = 2")
    service.execute("UPDATE judged SET seq = 1 WHERE server_id = 2")
    behind, another = service.get(path).json(), service.get("/servers/1/cumplimiento").json()
    service.execute("UPDATE judged SET seq = ? WHERE server_id = 2", waiting)
    assert another["evaluador"] == "al_dia"
    assert behind["evaluador"] == "atrasado"
    ((arrived,),) = service.rows("SELECT received_at FROM report WHERE server_id = 2 AND seq = 2")
    assert parse(behind["evaluado_hasta"]) == arrived - 1


def test_the_csv_has_every_row_whatever_the_limit(service: LiveService) -> None:
    for path in ("/violaciones", "/politicas/minero"):
        document = service.get(path).json()
        rows = document["violaciones" if path == "/violaciones" else "veredictos"]
        answer = service.get(f"{path}?formato=csv&limit=1")
        lines = csv_of(answer)
        assert len(lines) == len(rows) == 2
        for line, row in zip(lines, rows, strict=True):
            plain = {name: v for name, v in row.items() if not isinstance(v, dict | list)}
            assert {name: line[name] for name in plain} == {n: as_csv(v) for n, v in plain.items()}
            assert line["evaluador"] == "al_dia"
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
    assert b'"{""name"":""-minerd""' in service.get("/violaciones?formato=csv").body


@pytest.mark.parametrize(
    "others", [{}, {"servidor": 1}, {"politica": "minero"}, {"abiertas": "si"}]
)
@pytest.mark.parametrize("named", [["ens", "nist"], []])
def test_violations_of_a_framework_are_those_of_rules_that_name_a_control_of_it(
    service: LiveService, others: dict[str, Any], named: list[str]
) -> None:
    controls = {name: ["op.exp.6"] if name in named else [] for name in ("ens", "nist", "cis")}
    before = service.rows("SELECT controls FROM policy_change WHERE rule = 'minero'")
    written = "UPDATE policy_change SET controls = ? WHERE rule = 'minero'"
    service.execute(written, [json.dumps(controls)])
    try:
        whole = listed(service, "/violaciones", **others)
        assert whole
        for framework in ("ens", "iso27001", "nist", "cis"):
            found = listed(service, "/violaciones", marco=framework, **others)
            assert found == (whole if framework in named else [])
    finally:
        service.execute(written, before[0])


def test_pages_of_violations_follow_one_another(service: LiveService) -> None:
    whole = rows_of(service.get("/violaciones"))
    assert listed(service, "/violaciones", limit=1) == whole
    assert [row["servidor"] for row in whole] == [2, 1]


def test_an_etag_of_violations_is_known_again(service: LiveService) -> None:
    etag = service.get("/violaciones").headers["etag"]
    assert service.get("/violaciones", **{"If-None-Match": etag}).status == 304


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/violaciones?abiertas=true", "abiertas"),
        ("/violaciones?severidad=grave", "severidad"),
        ("/violaciones?servidor=0", "servidor"),
        ("/politicas/minero?veredicto=pasa", "veredicto"),
        ("/politicas?limit=1", "limit"),
    ],
)
def test_a_wrong_parameter_is_refused(service: LiveService, path: str, parameter: str) -> None:
    assert fault_of(service.get(path))["parameter"] == parameter


def test_rows_of_rules_that_read_command_lines_are_for_admin_only(
    fresh_service: LiveService,
) -> None:
    live = fresh_service
    admin, reader = (bearer(make_token(live.data, scope)) for scope in ("admin", "lectura"))
    live.start()
    id_serv = post(live, "10.0.0.1", "10:00", **admin)
    with closing(open_database(live.database)) as database:
        judging = Judging(database)
        judging.take_up("minero", TAKEN_UP_AT, command_lines=True)
        judging.report(id_serv, minero=fails("xmrig"))

    def shown(answer: Answer) -> tuple[object, ...]:
        (row,) = rows_of(answer)
        return tuple(row[name] for name in ("reservada", "clave", "evidencia", "motivo_en"))

    found = shown(live.get("/violaciones", **admin))
    assert found[:2] == (False, {"name": "xmrig", "username": "ana"})
    assert shown(live.get("/violaciones", **reader)) == (True, None, None, None)
    assert b"xmrig" not in live.get("/violaciones?formato=csv", **reader).body
    assert b"xmrig" in live.get("/violaciones?formato=csv", **admin).body


def test_a_csv_that_storage_cuts_off_ends_in_a_line_that_says_so() -> None:
    def batches() -> Iterator[list[tuple[object]]]:
        yield [(1,), (2,)]
        raise StorageUnavailableError("the disk is gone")

    req, resp = falcon.testing.create_req(path="/violaciones"), falcon.Response()
    stream_csv(req, resp, Listing("rows", ("a",), ()), batches())
    chunks = cast(Iterator[bytes], resp.stream)
    assert b"".join(chunks).decode() == f'a\r\n1\r\n2\r\n"{CUT_OFF}"\r\n'
