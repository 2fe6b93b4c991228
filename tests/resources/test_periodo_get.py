"""GET /periodo: for how long each rule passed, failed or was unknown on each server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import jsonschema
import pytest

from service import times
from service.app import create_app
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare_data_folder
from service.project import SCHEMAS_FOLDER
from service.store.engines import Database, open_database
from service.store.read.periods import PeriodStore
from service.times import HOUR, parse
from tests.support.judged import ANOTHER_SYSTEM, PASSES, SILENT, Judging, fails
from tests.support.reports import report_2

DAY = "2026-03-01"
START = parse(f"{DAY} 10:00:00")
HOSTILE = "=1+1<b>"


class Asking:
    """A service in this process: two servers, two rules."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(data=folder)
        prepare_data_folder(self.config)
        self.database: Database = open_database(self.config.database)
        app = create_app(self.config, self.database)
        self.client = falcon.testing.TestClient(app, headers={"Host": "localhost"})
        judging = Judging(self.database)
        for rule in ("minero", "servicio-telnet"):
            judging.take_up(rule, START - HOUR)
        bad = fails("xmrig")
        self._report(judging, 1, "10:00", PASSES, PASSES)
        self._report(judging, 1, "11:00", bad, PASSES)
        self._report(judging, 2, "10:30", bad, ANOTHER_SYSTEM)
        self._report(judging, 2, "11:30", PASSES, ANOTHER_SYSTEM)
        judging.event(
            1, "silencio", parse(f"{DAY} 12:00:00"), minero=SILENT, servicio_telnet=SILENT
        )
        judging.event(2, "silencio", parse(f"{DAY} 13:00:00"), minero=SILENT)
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO deaf_span VALUES (:a, :b)",
                {"a": parse(f"{DAY} 10:10:00"), "b": parse(f"{DAY} 10:20:00")},
            )
            connection.execute(
                "INSERT INTO waiver (rule, server_id, reason, at, until_at)"
                " VALUES ('minero', 1, 'a test', :a, :b)",
                {"a": parse(f"{DAY} 11:20:00"), "b": parse(f"{DAY} 11:50:00")},
            )

    def _report(self, judging: Judging, server: int, at: str, *verdicts: Any) -> None:
        document = report_2(
            fecha_hora=f"{DAY} {at}:00",
            nombre_host=HOSTILE if server == 2 else "web-1",
            ipaddress=f"10.0.0.{server}",
            id_maquina=f"machine-{server}",
        )
        answer = self.client.simulate_post("/servers", json=document)
        assert answer.status_code == 201
        miner, telnet = verdicts
        judging.report(answer.json["id_serv"], minero=miner, servicio_telnet=telnet)

    def get(self, **wanted: str) -> falcon.testing.Result:
        return self.client.simulate_get("/periodo", params=wanted)

    def totals(self, kind: str, **wanted: str) -> list[dict[str, Any]]:
        answer = self.client.simulate_get(f"/periodo/{kind}", params=wanted)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json[kind]
        return found

    def rows(self, **wanted: str) -> dict[tuple[int, str], dict[str, Any]]:
        answer = self.get(**wanted)
        assert answer.status_code == 200, answer.text
        return {(row["servidor"], row["politica"]): row for row in answer.json["veredictos"]}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    made = Asking(tmp_path_factory.mktemp("period") / "var")
    with closing(made.database):
        yield made


def test_each_rule_has_the_time_of_each_verdict_on_each_server(asking: Asking) -> None:
    rows = asking.rows(desde=f"{DAY}T10:00", hasta=f"{DAY}T13:30")
    assert len(rows) == 4
    first = rows[1, "minero"]
    seconds = [first[f"segundos_{each}"] for each in ("cumple", "falla", "desconocido")]
    assert seconds == [3600, 3600, 5400]
    assert first["desconocido_por"] == {"silencio": 5400}
    assert (first["proporcion"], first["proporcion_de_lo_conocido"]) == (28, 50)
    assert (first["veredicto"], first["razon"]) == ("desconocido", "silencio")
    assert first["falla_desde"] == f"{DAY} 11:00:00.000000"
    assert first["abierta_tras"] == f"{DAY} 10:00:00.000000"
    assert (first["abierta_tras_id_serv"], first["abierta_en_id_serv"]) == (1, 2)
    assert (first["violaciones"], first["tardias"], first["momento"]) == (1, 0, "abierto")
    second = rows[2, "minero"]
    assert second["juzgada_desde"] == f"{DAY} 10:30:00.000000"
    assert second["segundos_sin_evaluar"] == 1800
    assert (second["falla_desde"], second["violaciones"]) == (None, 1)
    telnet = rows[2, "servicio-telnet"]
    assert telnet["no_aplica_por"] == {"sistema": 3 * 3600}
    assert (telnet["proporcion"], telnet["proporcion_de_lo_conocido"]) == (None, None)
    for row in rows.values():
        states = ("cumple", "falla", "desconocido", "no_aplica", "sin_evaluar")
        assert sum(row[f"segundos_{state}"] for state in states) == 3.5 * 3600


def test_the_answer_says_where_knowledge_begins_and_ends(asking: Asking) -> None:
    whole = asking.get(desde="2020-01-01", hasta="2098-01-01").json
    assert whole["desde"] == "2020-01-01 00:00:00.000000"
    assert whole["hasta"] == "2098-01-01 00:00:00.000000"
    assert whole["primer_veredicto"] == f"{DAY} 10:00:00.000000"
    assert parse(whole["juzgado_hasta"]) <= times.now()
    assert (whole["segundos_sordo"], len(whole["sordo"])) == (600, 1)
    future = asking.get(desde="2099-01-01").json
    assert (future["segundos"], future["veredictos"], future["hasta"]) == (0, [], None)
    assert parse(future["juzgado_hasta"]) <= times.now()
    assert asking.get().json["desde"] == whole["primer_veredicto"]


def test_a_period_that_ends_before_it_begins_is_refused(asking: Asking) -> None:
    answer = asking.get(desde="2026-03-02", hasta="2026-03-02")
    assert answer.status_code == 400
    assert "expected a moment after desde" in answer.text
    for name, value in (("marco", "pci"), ("etiqueta", "=x"), ("severidad", "grave")):
        refused = asking.get(**{name: value})
        assert refused.status_code == 400
        assert name in refused.text


def test_the_pages_and_the_whole_csv_have_the_same_rows(asking: Asking) -> None:
    period = {"desde": f"{DAY}T10:00", "hasta": f"{DAY}T13:30"}
    expected = list(asking.rows(**period).items())
    found, following = [], f"/periodo?{urlencode(period)}&limit=1"
    while following is not None:
        answer = asking.client.simulate_get(following).json
        found += answer["veredictos"]
        following = answer["siguiente"]
    assert found == [row for _, row in expected]
    text = asking.get(**period, formato="csv", limit="1").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(expected)
    for row, (_, shown) in zip(rows, expected, strict=True):
        assert row["desde"] == f"{DAY} 10:00:00.000000"
        assert row["juzgado_hasta"] == f"{DAY} 13:30:00.000000"
        assert json.loads(row["desconocido_por"]) == shown["desconocido_por"]
        assert row["segundos_falla"] == str(shown["segundos_falla"])
        host = shown["nombre_host"]
        assert row["nombre_host"] == (f"'{host}" if host == HOSTILE else host)


def test_a_list_that_storage_cuts_off_says_so(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> Iterator[list[Any]]:
        yield []
        raise StorageUnavailableError("full")

    monkeypatch.setattr(PeriodStore, "batches", cut)
    assert asking.get(formato="csv").text.splitlines()[-1].startswith('"# cortado')


PERIOD = {"desde": f"{DAY}T10:00", "hasta": f"{DAY}T13:30"}
SECONDS = [f"segundos_{state}" for state in ("cumple", "falla", "desconocido", "no_aplica")]


def test_rules_and_servers_add_up_to_the_rows(asking: Asking) -> None:
    rows = list(asking.rows(**PERIOD).values())
    for kind, key in (("politicas", "politica"), ("servidores", "servidor")):
        totals = asking.totals(kind, **PERIOD)
        assert [total[key] for total in totals] == sorted({row[key] for row in rows})
        for total in totals:
            own = [row for row in rows if row[key] == total[key]]
            for name in (*SECONDS, "violaciones", "tardias", "tardios"):
                assert total[name] == sum(row[name] for row in own)
            since = [row["falla_desde"] for row in own if row["falla_desde"]]
            assert total["falla_desde"] == min(since, default=None)
    miner = asking.totals("politicas", **PERIOD)[0]
    assert (miner["servidores"], miner["desconocido"], miner["veredicto"]) == (2, 2, "desconocido")
    for filters in ({}, {"severidad": "alta"}):
        silent = {row["servidor"]: row for row in asking.totals("servidores", **PERIOD, **filters)}
        assert silent[1]["silencios"] == [
            {"desde": f"{DAY} 12:00:00.000000", "hasta": f"{DAY} 13:30:00.000000"}
        ]
        # The rule about telnet does not apply to server 2, whose silence is told nonetheless.
        assert [silent[n]["segundos_silencio"] for n in (1, 2)] == [5400, 1800]
    as_csv = {**PERIOD, "formato": "csv"}
    text = asking.client.simulate_get("/periodo/servidores", params=as_csv).text
    rows_of_csv = list(csv.DictReader(io.StringIO(text, newline="")))
    assert json.loads(rows_of_csv[0]["silencios"]) == silent[1]["silencios"]


def test_a_control_has_the_worst_verdict_at_each_moment(asking: Asking) -> None:
    found = {(row["marco"], row["control"]): row for row in asking.totals("controles", **PERIOD)}
    one_rule = found["ens", "op.exp.6"]
    (rule,) = asking.totals("politicas", politica="minero", **PERIOD)
    assert one_rule["reglas"] == "minero"
    assert {name: one_rule[name] for name in SECONDS} == {name: rule[name] for name in SECONDS}
    assert {place[0] for place in found} == {"ens", "iso27001", "nist", "cis"}
    assert {row["marco"] for row in asking.totals("controles", marco="cis", **PERIOD)} == {"cis"}
    text = asking.client.simulate_get(
        "/periodo/controles", params={**PERIOD, "formato": "csv"}
    ).text
    assert len(text.splitlines()) == len(found) + 1


@pytest.mark.parametrize("end", ["10:40", "11:10", "11:40", "12:30", "14:00"])
def test_the_verdicts_at_the_end_are_those_of_that_moment(asking: Asking, end: str) -> None:
    moment = {"fecha_hora": f"{DAY}T{end}:00"}
    period = {"desde": f"{DAY}T10:00", "hasta": f"{DAY}T{end}:00.000001"}
    for framework in ("ens", "cis"):
        answer = asking.client.simulate_get(f"/marcos/{framework}", params=moment)
        then = {row["control"]: row for row in answer.json["controles"]}
        found = asking.totals("controles", marco=framework, **period)
        assert {row["control"] for row in found} == then.keys()
        for row in found:
            control = then[row["control"]]
            counted = ("cumple", "falla", "desconocido", "no_aplica", "exentas", "exenta")
            assert {name: row[name] for name in counted} == {
                name: control[name] for name in counted
            }
            state = None if row["veredicto"] == "no_aplica" else row["veredicto"]
            assert state == control["veredicto"]


def test_a_waiver_is_told_beside_and_changes_no_time(asking: Asking) -> None:
    waived = asking.rows(desde=f"{DAY}T10:00", hasta=f"{DAY}T11:40")[1, "minero"]
    assert (waived["veredicto"], waived["exenta"], waived["exencion"]) == ("falla", True, 1)
    assert waived["segundos_falla"] == 40 * 60
    answer = asking.get(desde=f"{DAY}T10:00", hasta=f"{DAY}T12:00").json
    assert [waiver["id"] for waiver in answer["exenciones"]] == [1]
    assert answer["veredictos"][0]["exenta"] is False  # it has ended
    for server, own in ("1", [1]), ("2", []):
        of_one = asking.get(desde=f"{DAY}T10:00", hasta=f"{DAY}T12:00", servidor=server).json
        assert [waiver["id"] for waiver in of_one["exenciones"]] == own
    assert asking.get(desde=f"{DAY}T10:00", hasta=f"{DAY}T11:20").json["exenciones"] == []
    assert asking.get(desde=f"{DAY}T11:50", hasta=f"{DAY}T12:20").json["exenciones"] == []


def test_each_answer_is_as_the_description_says(asking: Asking) -> None:
    schemas = json.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())["components"]
    for kind in ("", "/politicas", "/controles", "/servidores"):
        name = "Periodo" + kind[1:].capitalize()
        answer = asking.client.simulate_get(f"/periodo{kind}", params=PERIOD)
        jsonschema.validate(answer.json, schemas["schemas"][name] | {"components": schemas})
