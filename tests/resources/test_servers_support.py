"""`soporte` of servers: in lists, as a filter, in the summary, and as the rules of age say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.config import Config
from service.end_of_life import SUPPORT_STATES
from service.http.parameters import Query
from service.maintenance.startup import prepare_data_folder
from service.pages import as_sql
from service.policies.guard.guard import Guard, Request
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.verdict import State
from service.policies.guard.workspace import Workspace
from service.policies.rules.folders import read_policies
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.support_calendar import SupportCalendar
from service.store.engines import open_database
from service.store.read.server_filter import ServerFilter
from tests.agent.collectors.os_releases import DISTRIBUTIONS
from tests.policies.ordinary import image
from tests.support.reports import report

TODAY = times.to_text(times.now())
SYSTEMS = [
    ("Own Linux", "2.1", "vigente"),
    ("CentOS Linux", "7", "terminado"),
    ("CentOS Linux", "7", "terminado"),
    ("Arch Linux", "rolling", "continuo"),
    ("Linux", "Debian", "desconocido"),
    ("Own Linux", "1", "terminado"),
]
# Other systems than those of the world: a test has no end of life.
LIVES = """so,version,fin,fin_ampliado,contratos,fuente
Own Linux,1,2020-01-01,,own-support=9999-12-31,us
Own Linux,2.*,9999-12-31,,,us
"""
OLD = 2  # the server that has reported since 2024


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[falcon.testing.TestClient]:
    folder = tmp_path_factory.mktemp("support")
    (folder / "rules").mkdir()
    (folder / "rules" / "fin_de_vida.csv").write_text(LIVES)
    config = Config(data=folder / "var", policies=folder / "rules")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        made = falcon.testing.TestClient(
            create_app(config, database), headers={"Host": "localhost"}
        )
        for number, (name, version, _) in enumerate(SYSTEMS):
            document = report(
                ipaddress=f"10.0.0.{number}",
                nombre_so=name,
                version_so=version,
                fecha_hora=TODAY,
            )
            if number == OLD:
                earlier = document | {"fecha_hora": "2024-05-01 10:00:00"}
                assert made.simulate_post("/servers", json=earlier).status_code == 201
            assert made.simulate_post("/servers", json=document).status_code == 201
        yield made


def test_each_server_says_whether_its_system_is_supported(
    client: falcon.testing.TestClient,
) -> None:
    servers = client.simulate_get("/servers").json["servers"]
    assert [row["soporte"] for row in servers] == [state for *_, state in SYSTEMS]


def test_a_filter_a_count_and_the_page_agree(client: falcon.testing.TestClient) -> None:
    counted = client.simulate_get("/resumen").json["por_soporte"]
    for row in counted:
        address = {"soporte": row["soporte"], "estado": "al_dia"}
        found = client.simulate_get("/servers", params=address).json["servers"]
        assert {each["soporte"] for each in found} <= {row["soporte"]}
        assert len(found) == row["servidores"]
    assert sum(row["servidores"] for row in counted) == len(SYSTEMS)
    page = client.simulate_get("/", headers={"Accept-Language": "en"}).text
    assert '<a href="/?soporte=terminado&amp;estado=al_dia#servers">3</a>' in page
    assert page.count(">Support ended</span>") == 3
    for row in counted:
        link = f'<a href="/?soporte={row["soporte"]}&amp;estado=al_dia#servers">'
        shown = re.findall(rf"{re.escape(link)}[A-Z][a-z ]+</a> (\d+)", page)
        assert shown == [str(row["servidores"])] * (row["servidores"] > 0)


def test_the_future_is_judged_as_of_now(client: falcon.testing.TestClient) -> None:
    at = {"fecha_hora": "2036-01-01", "ipaddress": "10.0.0.0/32"}
    (row,) = client.simulate_get("/servers", params=at).json["servers"]
    assert row["soporte"] == "vigente"


@pytest.mark.parametrize(
    ("at", "soporte"), [("2024-06-30T23:59", "vigente"), ("2024-07-01", "terminado")]
)
def test_at_a_moment_it_is_judged_by_the_day_of_that_moment(
    client: falcon.testing.TestClient, at: str, soporte: str
) -> None:
    params = {"fecha_hora": at, "ipaddress": "10.0.0.2"}  # CentOS 7, which ended with June of 2024
    (row,) = client.simulate_get("/servers", params=params).json["servers"]
    assert row["soporte"] == soporte
    (found,) = client.simulate_get(
        "/servers", params={**params, "estado": "silencioso", "soporte": soporte}
    ).json["servers"]
    assert found == row
    others = {**params, "soporte": {"vigente": "terminado"}.get(soporte, "vigente")}
    assert not client.simulate_get("/servers", params=others).json["servers"]
    shown = {"vigente": "Supported", "terminado": "Support ended"}[soporte]
    page = client.simulate_get(
        f"/servidor/{row['servidor']}", params={"fecha_hora": at}, headers={"Accept-Language": "en"}
    )
    assert f">{shown}</span>" in page.text


def test_what_was_not_known_yet_is_judged_by_the_day_until_which_it_was_known(
    client: falcon.testing.TestClient,
) -> None:
    params = {"fecha_hora": "2024-06-01", "conocido_en": TODAY, "ipaddress": "10.0.0.2"}
    assert not client.simulate_get("/servers", params=params).json["servers"]  # it came later


def test_a_contract_that_a_tag_names_counts_from_when_it_was_told(
    client: falcon.testing.TestClient,
) -> None:
    one = {"ipaddress": "10.0.0.5"}
    (server,) = client.simulate_get("/servers", params=one).json["servers"]
    address = f"/servers/{server['id_serv']}/etiquetas/soporte"

    def support(**moment: str) -> str:
        (row,) = client.simulate_get("/servers", params=one | moment).json["servers"]
        return str(row["soporte"])

    before = times.to_text(times.now())
    assert client.simulate_put(address, json={"valor": "own-support"}).status_code < 300
    during = times.to_text(times.now())
    assert support() == "ampliado"
    client.simulate_delete(address)
    assert support() == "terminado"
    assert support(fecha_hora=during) == "ampliado"
    assert support(fecha_hora=before) == "terminado"


SAID = {
    "vigente": (State.CUMPLE, State.CUMPLE),
    "ampliado": (State.CUMPLE, State.FALLA),
    "terminado": (State.FALLA, State.NO_APLICA),
    "continuo": (State.NO_APLICA, State.NO_APLICA),
    "desconocido": (State.DESCONOCIDO, State.DESCONOCIDO),
}


@pytest.mark.parametrize("day", ["2021-03-01", "2026-06-30", "2028-09-01"])
def test_rules_and_lists_say_the_same_of_every_system(day: str) -> None:
    policies = read_policies()
    rules = [policies.rules[name] for name in ("so-sin-soporte", "so-soporte-ampliado")]
    calendar = SupportCalendar([SHIPPED_FOLDER])
    systems = [
        (life.system, life.version.replace("*", "3")) for life in policies.data.lives.values()
    ]
    systems += [(each.name, each.version) for each in DISTRIBUTIONS.values()]
    systems += [(name, version) for name, version, _ in SYSTEMS]
    shown: dict[str, int] = {}
    with Guard() as guard:
        guard.load(map(JudgedRule.of, rules), policies.data.tables())
        peers = [{"servidor": {"nombre_so": n, "version_so": v}} for n, v in systems]
        for at in range(0, len(peers), 150):
            some = peers[at : at + 150]
            guard.open(image(pares=some))
            asked = [Request(number + 2, f"{day} 12:00:00") for number in range(len(some))]
            for (name, version), (_, found) in zip(
                systems[at : at + 150], guard.judge(asked), strict=True
            ):
                state = calendar.state(name, version, None, day)
                said = tuple(found[rule.id].state for rule in rules)
                assert said == SAID[state], (name, version)
                shown[state] = shown.get(state, 0) + 1
    assert shown.keys() == set(SUPPORT_STATES)


@pytest.mark.parametrize("state", SUPPORT_STATES)
def test_the_list_as_sql_gives_the_same_servers(state: str, tmp_path: Path) -> None:
    (tmp_path / "fin_de_vida.csv").write_text(LIVES)
    query = Query(urlencode({}))
    written = as_sql.servers(ServerFilter(support=state), query)
    assert written is not None
    with closing(Workspace()) as workspace:
        workspace.set_data(read_policies(tmp_path).data.tables())
        peers = [{"servidor": {"nombre_so": n, "version_so": v}} for n, v, _ in SYSTEMS]
        workspace.open(image(servidor={"nombre_so": "Debian", "version_so": "11"}, pares=peers))
        workspace.show(None)
        _, rows, _ = workspace.sandbox.first(
            written.sql, {"ahora": "2026-01-15 12:00:00"}, seconds=5, max_rows=100
        )
    states = ["ampliado", *(each for *_, each in SYSTEMS)]  # Debian 11 in 2026
    assert [row[0] for row in rows] == [n for n, each in enumerate(states, 1) if each == state]


def test_files_that_change_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.policies.rules.support_calendar._LOOK_SECONDS", 0.0)
    calendar = SupportCalendar([SHIPPED_FOLDER, tmp_path])
    assert calendar.state("Own Linux", "1", None, "2026-01-01") == "desconocido"
    (tmp_path / "fin_de_vida.csv").write_text(
        "so,version,fin,fin_ampliado,contratos,fuente\nOwn Linux,1,2026-01-01,,,us\n"
    )
    assert calendar.state("Own Linux", "1", None, "2026-01-01") == "vigente"
    assert calendar.state("Own Linux", "1", None, "2026-01-02") == "terminado"
