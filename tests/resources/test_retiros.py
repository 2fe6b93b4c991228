"""Retired servers leave lists and counts of now, keep their past, and come back by reporting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.auth.audit_log import AuditLog
from service.config import Config
from service.maintenance.startup import prepare
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.support.judged import PASSES, Judging, fails
from tests.support.reports import report_2
from tests.support.tokens import bearer

START = times.parse("2026-03-01 10:00:00")


class Api:
    """Three servers; two of them have the same name."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        monkeypatch.setattr(times, "now", lambda: self.now)
        self.config = Config(data=folder)
        prepare(self.config)
        self.database = open_database(self.config.database)
        tokens = TokenStore(self.database, load_queries(), AuditLog(self.config.audit_log))
        self.secrets = {scope: tokens.add(scope, by="ana").secret for scope in ("admin", "lectura")}
        self.client = falcon.testing.TestClient(create_app(self.config, self.database))
        self.records = [self.report(n) for n in (1, 2, 3)]

    def report(self, number: int, host: str | None = None, at: int | None = None) -> int:
        document = report_2(
            id_maquina=f"machine-{number}",
            ipaddress=f"10.0.0.{number}",
            nombre_host=host or f"host-{number}",
            fecha_hora=times.to_text(self.now if at is None else at),
            procesos=[{"username": "root", "pid": 1, "name": f"program-{number}"}],
            usuarios_activos=[{"pid": 829, "name": "juan"}],
        )
        id_serv: int = self.ask("POST", "/servers", document).json["id_serv"]
        return id_serv

    def ask(
        self, method: str, path: str, document: object = None, scope: str = "admin", **query: str
    ) -> Any:
        headers = bearer(self.secrets[scope])
        return self.client.simulate_request(
            method, path, json=document, params=query, headers=headers
        )

    def retire(
        self, number: int, reason: str = "sold", scope: str = "admin", **more: object
    ) -> Any:
        path = f"/servers/{self.records[number - 1]}/retiros"
        return self.ask("POST", path, {"motivo": reason, **more}, scope)

    def servers(self, **query: str) -> list[tuple[int, str]]:
        rows = self.ask("GET", "/servers", **query).json["servers"]
        return [(row["servidor"], row["estado"]) for row in rows]

    def page(self, path: str, **query: str) -> str:
        text: str = self.ask("GET", path, scope="lectura", **query).text
        return text


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    made = Api(tmp_path, monkeypatch)
    with closing(made.database):
        yield made


def moment(at: int) -> str:
    return times.to_text(at)


def test_a_retired_server_is_listed_by_its_state_alone(api: Api) -> None:
    api.now += MINUTE
    assert api.retire(2).status_code == 201
    assert api.servers() == [(1, "al_dia"), (3, "al_dia")]
    assert api.servers(estado="al_dia") == [(1, "al_dia"), (3, "al_dia")]
    assert api.servers(estado="retirado") == [(2, "retirado")]
    api.now += HOUR
    assert api.servers(estado="silencioso") == [(1, "silencioso"), (3, "silencioso")]
    (row,) = api.ask("GET", "/servers", estado="retirado").json["servers"]
    assert row["antiguedad"] == 61 * 60


def test_it_is_in_no_count_and_what_it_ran_is_not_now(api: Api) -> None:
    api.now += MINUTE
    api.retire(2)
    summary = api.ask("GET", "/resumen").json
    counts = [summary[name] for name in ("servidores", "al_dia", "silenciosos", "retirados")]
    assert counts == [2, 2, 0, 1]
    assert [row["servidores"] for row in summary["por_sistema"]] == [2]
    assert {row["name"] for row in summary["programas"]} == {"program-1", "program-3"}
    for path in ("/procesos", "/usuarios_activos"):
        (rows,) = [value for name, value in api.ask("GET", path).json.items() if name in path]
        assert [row["servidor"] for row in rows] == [1, 3], path
    (row,) = api.ask("GET", "/procesos/historial", name="program-2").json["historial"]
    assert (row["en_curso"], row["estado"]) == (False, "retirado")
    api.now += HOUR
    assert [
        row["servidor"] for row in api.ask("GET", "/resumen").json["servidores_silenciosos"]
    ] == [1, 3]


def test_a_moment_before_shows_it_as_it_was(api: Api) -> None:
    before, api.now = api.now + MINUTE, api.now + 5 * MINUTE
    api.retire(2)
    api.now += MINUTE
    assert api.servers(fecha_hora=moment(before)) == [(n, "al_dia") for n in (1, 2, 3)]
    assert api.servers(fecha_hora=moment(api.now)) == [(1, "al_dia"), (3, "al_dia")]
    assert api.servers(fecha_hora=moment(api.now), estado="retirado") == [(2, "retirado")]
    # Nobody had said so then.
    just_before = api.now - MINUTE - 1
    known = {"fecha_hora": moment(api.now), "conocido_en": moment(just_before)}
    assert [server for server, _ in api.servers(**known)] == [1, 2, 3]
    for path in ("/procesos", "/usuarios_activos"):
        for at, servers in ((before, [1, 2, 3]), (api.now, [1, 3])):
            answer = api.ask("GET", path, fecha_hora=moment(at)).json
            (rows,) = [value for name, value in answer.items() if name in path]
            assert [row["servidor"] for row in rows] == servers, path


def test_the_next_report_brings_it_back_as_news(api: Api) -> None:
    api.now += 5 * MINUTE
    api.retire(2, "sold & gone")
    news = api.ask("GET", "/resumen").json["novedades"]
    found = [item for item in news if item["tipo"] == "servidor_retirado"]
    assert [(item["servidor"], item["motivo"]) for item in found] == [(2, "sold & gone")]
    assert "sold &amp; gone" in api.page("/")
    api.now += MINUTE
    back = api.report(2)
    assert api.servers() == [(n, "al_dia") for n in (1, 2, 3)]
    assert api.servers(estado="retirado") == []
    news = api.ask("GET", "/resumen").json["novedades"]
    (item,) = [item for item in news if item["tipo"] == "servidor_vuelve"]
    assert (item["servidor"], item["id_serv"]) == (2, back)
    (row,) = api.ask("GET", f"/servers/{back}/retiros").json["retiros"]
    assert row["vuelve_en"] == back
    assert "reports again" in api.page("/")
    # While it was retired, it was.
    at = moment(api.now - 30_000_000)
    assert api.servers(fecha_hora=at) == [(1, "al_dia"), (3, "al_dia")]


def test_a_late_report_does_not_bring_it_back(api: Api) -> None:
    api.now += 5 * MINUTE
    api.report(2)
    api.retire(2)
    api.now += MINUTE
    api.report(2, at=START + MINUTE)
    assert api.servers() == [(1, "al_dia"), (3, "al_dia")]


def test_rules_and_the_matrix_do_not_count_it(api: Api) -> None:
    judging = Judging(api.database)
    judging.take_up("minero", START - MINUTE)
    for number, record in enumerate(api.records):
        judging.report(record, minero=fails("xmrig") if number == 1 else PASSES)
    api.now += 5 * MINUTE
    api.retire(2)

    def counts(**query: str) -> tuple[int, int, int]:
        (policy,) = api.ask("GET", "/politicas", **query).json["politicas"]
        return policy["cumple"], policy["falla"], policy["sin_evaluar"]

    assert counts() == (2, 0, 0)
    assert counts(fecha_hora=moment(START + MINUTE)) == (2, 1, 0)
    matrix = api.ask("GET", "/matriz").json
    assert [row["servidor"] for row in matrix["servidores"]] == [1, 3]
    before = api.ask("GET", "/matriz", fecha_hora=moment(START + MINUTE)).json
    assert [row["servidor"] for row in before["servidores"]] == [2, 1, 3]
    verdicts = api.ask("GET", "/politicas/minero").json["veredictos"]
    assert [row["servidor"] for row in verdicts] == [1, 3]
    assert "host-2" in api.page("/cumplimiento")  # as of before it, while it is not judged
    judging.event(2, "baja", api.now)
    api.now += 2 * SECOND
    assert "host-2" not in api.page("/cumplimiento")


def test_its_page_says_so(api: Api) -> None:
    api.now += 5 * MINUTE
    api.retire(2, "replaced", sucesor=3)
    page = api.page("/servidor/2")
    assert "<strong>retired</strong>" in page
    assert "Server 3 took its place" in page
    assert "took the place of one" in api.page("/servidor/3")
    assert "retired" not in api.page("/servidor/2", fecha_hora=moment(START + MINUTE))


def test_the_page_of_retired_servers_says_when_why_and_what_took_their_place(api: Api) -> None:
    api.now += 5 * MINUTE
    api.retire(2, "<b>sold", sucesor=3)
    page = api.page("/", estado="retirado")
    assert "host-2" in page
    assert "host-1" not in page
    assert "&lt;b&gt;sold" in page
    assert '<a href="/servidor/3">Server 3 took its place</a>' in page
    assert "host-2" not in api.page("/", estado="silencioso")


def test_a_machine_that_was_installed_anew_is_proposed_as_successor(api: Api) -> None:
    api.now += HOUR
    api.report(1)
    assert "installed anew" not in api.page("/servidor/2")
    api.report(9, host="host-2")
    for path in ("/servidor/2", "/servidor/4"):
        page = api.page(path)
        assert "installed anew" in page
        assert "retire 2 --por 4" in page
        assert "retire 4" not in page
    api.now += HOUR  # the new one is silent too
    assert "retire 4" not in api.page("/servidor/4")
    api.retire(2, sucesor=4)
    assert "installed anew" not in api.page("/servidor/2")


def test_each_retirement_is_an_entry_of_the_audit_log(api: Api) -> None:
    api.retire(2, "sold", sucesor=3)
    lines = [
        json.loads(line)
        for line in api.config.audit_log.read_text(encoding="utf-8").splitlines()
        if '"server retired"' in line
    ]
    (line,) = lines
    assert (line["servidor"], line["motivo"], line["sucesor"]) == (
        "id:machine-2",
        "sold",
        "id:machine-3",
    )
    assert line["by"].startswith("token ")


def test_what_cannot_be_retired_is_refused(api: Api) -> None:
    assert api.retire(2, scope="lectura").status_code == 403
    assert api.retire(2, "").status_code == 400
    assert api.retire(2, "two\nlines").status_code == 400
    assert api.retire(2, sucesor=2).status_code == 400
    assert api.retire(2, sucesor=99).status_code == 404
    assert api.retire(2, sucesor="3").status_code == 400
    assert api.retire(2, sucesor=2**63).status_code == 400
    assert api.ask("POST", "/servers/99/retiros", {"motivo": "sold"}).status_code == 404
    assert api.servers(estado="retirado") == []
    assert api.retire(2).status_code == 201
    assert api.retire(2).status_code == 409


def test_a_clock_that_was_set_back_dates_no_retirement_and_no_tag_back(api: Api) -> None:
    """Not before the newest record of all servers: the answers about the time until then stay."""
    api.now += 60 * DAY
    api.report(1)
    newest, api.now = api.now, api.now - 30 * DAY
    assert api.retire(2).status_code == 201
    path = f"/servers/{api.records[2]}/etiquetas/rol"
    assert api.ask("PUT", path, {"valor": "bd"}).status_code == 204
    (retired,) = api.ask("GET", f"/servers/{api.records[1]}/retiros").json["retiros"]
    (tag,) = api.ask("GET", f"/servers/{api.records[2]}/etiquetas").json["etiquetas"]
    assert min(retired["dicha"], tag["dicha"]) > moment(newest)
    for at in (newest, newest - 10 * DAY):
        assert [server for server, _ in api.servers(fecha_hora=moment(at))] == [1, 2, 3]


def test_a_clock_that_was_ahead_dates_no_later_retirement_ahead(api: Api) -> None:
    right, api.now = api.now + MINUTE, api.now + 400 * DAY
    api.retire(1)
    api.now = right
    api.retire(2)
    (row,) = api.ask("GET", f"/servers/{api.records[1]}/retiros").json["retiros"]
    assert row["dicha"] == moment(right)
    at = moment(right + MINUTE)
    assert [server for server, _ in api.servers(fecha_hora=at)] == [1, 3]


def test_nothing_is_retired_without_an_entry(api: Api) -> None:
    api.config.audit_log.chmod(0o600)
    kept = api.config.audit_log.rename(api.config.data / "kept.jsonl")
    api.config.audit_log.mkdir()  # cannot be appended to
    try:
        assert api.retire(2).status_code == 503
    finally:
        api.config.audit_log.rmdir()
        kept.rename(api.config.audit_log)
    assert api.servers(estado="retirado") == []
