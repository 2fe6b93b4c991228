"""`etiqueta`: lists of servers, verdicts, processes and logins by tag, now and at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.config import Config
from service.http.parameters import Query
from service.maintenance.startup import prepare_data_folder
from service.pages import as_sql
from service.policies.guard.workspace import Workspace
from service.store.engines import Database, open_database
from service.store.read.server_filter import ServerFilter
from service.store.tag_format import wanted_tag
from tests.policies.ordinary import image
from tests.support.judged import PASSES, Judging, fails
from tests.support.reports import report

# By server: what it is, and what was told of it.
TAGS = {1: {"entorno": "produccion", "rol": "web"}, 2: {"entorno": "pruebas"}, 3: {}}
NOW = times.now()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[falcon.testing.TestClient]:
    config = Config(data=tmp_path_factory.mktemp("tags") / "var")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        yield _tagged(create_app(config, database), database)


def _tagged(app: falcon.App[Any, Any], database: Database) -> falcon.testing.TestClient:
    made = falcon.testing.TestClient(app, headers={"Host": "localhost"})
    judging = Judging(database)
    judging.take_up("minero", NOW - times.DAY)
    for number, tags in TAGS.items():
        document = report(
            ipaddress=f"10.0.0.{number}",
            nombre_so="Debian GNU/Linux",
            fecha_hora=times.to_text(NOW),
            procesos=[{"pid": 1, "name": "init", "username": "root"}],
            usuarios_activos=[{"pid": 9, "name": "ana"}],
        )
        id_serv = made.simulate_post("/servers", json=document).json["id_serv"]
        judging.report(id_serv, minero=PASSES if number == 3 else fails("xmrig"))
        for key, value in tags.items():
            told = made.simulate_put(f"/servers/{id_serv}/etiquetas/{key}", json={"valor": value})
            assert told.status_code == 204
    return made


def answer(client: falcon.testing.TestClient, address: str, **params: str) -> Any:
    found = client.simulate_get(address, params=params)
    assert found.status_code == 200, found.text
    return found.json


WANTED = {
    "entorno=produccion": [1],
    "entorno": [1, 2],
    "entorno=pruebas": [2],
    "rol=web": [1],
    "rol=bd": [],
    "nada": [],
}
LISTS = {
    "/servers": "servers",
    "/procesos": "procesos",
    "/procesos?name=init": "procesos",
    "/procesos/historial?name=i*": "historial",
    "/procesos/historial": "historial",
    "/usuarios_activos": "usuarios_activos",
    "/usuarios_activos/historial?username=ana": "historial",
    "/matriz": "servidores",
    "/politicas/minero": "veredictos",
}


@pytest.mark.parametrize("tag", WANTED)
@pytest.mark.parametrize("address", LISTS)
def test_a_list_has_the_servers_with_the_tag(
    client: falcon.testing.TestClient, address: str, tag: str
) -> None:
    path, _, query = address.partition("?")
    params = dict(pair.split("=") for pair in query.split("&") if pair) | {"etiqueta": tag}
    rows = answer(client, path, **params)[LISTS[address]]
    assert [row["servidor"] for row in rows] == WANTED[tag]
    csv = client.simulate_get(path, params=params | {"formato": "csv"}).text
    lines = [line for line in csv.splitlines()[1:] if not line.startswith("#")]
    assert len(lines) == len(WANTED[tag])


@pytest.mark.parametrize("tag", WANTED)
def test_violations_and_counts_are_of_the_servers_with_the_tag(
    client: falcon.testing.TestClient, tag: str
) -> None:
    for params in (
        {},
        {"politica": "minero"},
        {"abiertas": "si"},
        {"desde": "2020-01-01", "hasta": "2100-01-01"},
    ):
        rows = answer(client, "/violaciones", etiqueta=tag, **params)["violaciones"]
        assert sorted(row["servidor"] for row in rows) == WANTED[tag]
    of_server = answer(client, "/violaciones", etiqueta=tag, servidor="1")["violaciones"]
    assert [row["servidor"] for row in of_server] == [1] * (1 in WANTED[tag])
    (policy,) = answer(client, "/politicas", etiqueta=tag)["politicas"]
    about = answer(client, "/politicas/minero", etiqueta=tag)
    for counts in (policy, about):
        assert counts["falla"] == counts["violaciones_abiertas"] == len(WANTED[tag])
        assert counts["cumple"] == counts["sin_evaluar"] == 0
    controls = answer(client, "/marcos/ens", etiqueta=tag)["controles"]
    assert {row["falla"] for row in controls} == {len(WANTED[tag])}
    frameworks = answer(client, "/marcos", etiqueta=tag)["marcos"]
    assert next(row["fallan"] for row in frameworks if row["id"] == "ens") == (
        len(controls) if WANTED[tag] else 0
    )


def test_what_is_waived_is_counted_of_the_servers_with_the_tag(
    client: falcon.testing.TestClient,
) -> None:
    until = times.to_text(times.now() + times.DAY)[:16]
    waiver = {"politica": "minero", "motivo": "lab", "hasta": until, "servidor": 2}
    made = client.simulate_post("/exenciones", json=waiver)
    assert made.status_code == 201, made.text
    waived = {
        tag: answer(client, "/politicas/minero", etiqueta=tag)["exentas"]
        for tag in ("entorno", "entorno=produccion", "entorno=pruebas")
    }
    assert waived == {"entorno": 1, "entorno=produccion": 0, "entorno=pruebas": 1}


def test_at_a_moment_the_tags_are_those_of_that_moment(client: falcon.testing.TestClient) -> None:
    before = times.to_text(times.now())
    server = answer(client, "/servers", ipaddress="10.0.0.3")["servers"][0]["id_serv"]
    address = f"/servers/{server}/etiquetas/entorno"
    client.simulate_put(address, json={"valor": "produccion", "desde": "2020-01-01"})
    during = times.to_text(times.now())
    client.simulate_delete(address)
    for path, rows in LISTS.items():
        if "historial" in path:
            continue
        params = dict([path.split("?")[1].split("=")] if "?" in path else [])
        params["etiqueta"] = "entorno=produccion"

        def servers(
            path: str = path, rows: str = rows, params: dict[str, str] = params, **moment: str
        ) -> list[int]:
            found = answer(client, path.partition("?")[0], **params, **moment)[rows]
            return [row["servidor"] for row in found]

        assert servers() == [1], path
        assert servers(fecha_hora=before) == [1], path  # a backdated tag changes no answer
        assert servers(fecha_hora=during) == [1, 3], path
        assert servers(conocido_en=during) == [1, 3], path


def test_a_period_counts_by_the_tags_at_its_end(client: falcon.testing.TestClient) -> None:
    params = {"etiqueta": "entorno=produccion", "desde": "2020-01-01"}
    ends = {times.to_text(NOW - times.DAY): [], times.to_text(times.now()): [1]}
    for hasta, expected in ends.items():
        rows = answer(client, "/violaciones", **params, hasta=hasta)["violaciones"]
        assert [row["servidor"] for row in rows] == expected


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/reglas",
        "/regla/minero",
        "/cumplimiento",
        "/controles",
        "/controles/ens",
        "/incumplimientos",
    ],
)
def test_a_page_is_about_the_servers_with_the_tag(
    client: falcon.testing.TestClient, page: str
) -> None:
    shown = client.simulate_get(
        page, params={"etiqueta": "entorno=produccion"}, headers={"Accept-Language": "en"}
    ).text
    assert 'name="etiqueta" value="entorno=produccion"' in shown
    assert "10.0.0.2" not in shown
    links = shown.split('href="')[1:]
    about_rules = ("/regla/", "/incumplimientos?", "/controles/", "/reglas?", "/politicas?")
    for link in links:
        target = link.partition('"')[0]
        if target.startswith(about_rules):
            assert "etiqueta=entorno%3Dproduccion" in target, target
        if target.startswith("/servidor/"):
            assert "etiqueta" not in target
    followed = {link.partition('"')[0].replace("&amp;", "&") for link in links}
    for target in sorted(each for each in followed if "etiqueta" in each):
        path, _, query = target.partition("?")
        assert client.simulate_get(path, query_string=query.partition("#")[0]).status_code == 200


@pytest.mark.parametrize("page", ["/programa?name=init", "/usuario?username=ana"])
def test_pages_of_names_say_what_is_of_servers_with_the_tag(
    client: falcon.testing.TestClient, page: str
) -> None:
    shown = client.simulate_get(
        f"{page}&etiqueta=rol%3Dweb", headers={"Accept-Language": "en"}
    ).text
    assert 'name="etiqueta" value="rol=web"' in shown
    assert "are of servers with the tag" in shown
    assert ("/servidor/1" in shown, "/servidor/2" in shown) == (True, False)
    assert "clave = &#39;rol&#39; AND valor = &#39;web&#39;" in shown


@pytest.mark.parametrize("tag", ["entorno=produccion", "entorno", "nota=it's"])
def test_the_list_as_sql_gives_the_same_servers(tag: str) -> None:
    written = as_sql.servers(ServerFilter(tag=wanted_tag(tag)), Query(urlencode({})))
    assert written is not None
    with closing(Workspace()) as workspace:
        tags = [{"entorno": "produccion", "nota": "it's"}, {"entorno": "pruebas"}, {}]
        workspace.open(image(etiquetas=tags[0], pares=[{"etiquetas": each} for each in tags[1:]]))
        workspace.show(None)
        _, rows, _ = workspace.sandbox.first(written.sql, {}, seconds=5, max_rows=100)
    assert [row[0] for row in rows] == ([1, 2] if tag == "entorno" else [1])
