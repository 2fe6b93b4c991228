"""`severidad` and `marco`: the rules, and the fleet against them, by severity and framework."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from csv import DictReader

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.config import Config
from service.maintenance.startup import prepare_data_folder
from service.store.engines import open_database
from tests.support.judged import Judging, fails
from tests.support.reports import report

# Of captura-de-red, no control of CIS is certain.
RULES = ("captura-de-red", "minero", "servicio-telnet")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[falcon.testing.TestClient]:
    config = Config(data=tmp_path_factory.mktemp("rules") / "var")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        app = create_app(config, database)
        made = falcon.testing.TestClient(app, headers={"Host": "localhost"})
        judging = Judging(database)
        for rule in RULES:
            judging.take_up(rule, times.now() - times.DAY)
        id_serv = made.simulate_post("/servers", json=report()).json["id_serv"]
        bad = fails("x")
        judging.report(id_serv, minero=bad, servicio_telnet=bad, captura_de_red=bad)
        yield made


@pytest.mark.parametrize(
    ("params", "rules"),
    [
        ({}, list(RULES)),
        ({"severidad": "critica"}, ["minero"]),
        ({"severidad": "alta"}, ["servicio-telnet"]),
        ({"severidad": "baja"}, []),
        ({"marco": "ens"}, list(RULES)),
        ({"marco": "cis"}, ["minero", "servicio-telnet"]),
        ({"marco": "cis", "severidad": "media"}, []),
    ],
)
def test_rules_and_the_matrix_are_those_that_are_asked_for(
    client: falcon.testing.TestClient, params: dict[str, str], rules: list[str]
) -> None:
    found = client.simulate_get("/politicas", params=params).json["politicas"]
    assert [row["id"] for row in found] == rules
    csv = client.simulate_get("/politicas", params=params | {"formato": "csv"}).text
    assert [row["id"] for row in DictReader(csv.splitlines())] == rules
    (server,) = client.simulate_get("/matriz", params=params).json["servidores"]
    assert (server["falla"], server["reglas_que_falla"]) == (len(rules), " ".join(rules))
    # Without it, pages show the last second that is settled.
    now = {"conocido_en": times.to_text(times.now())}
    for page in ("/reglas", "/cumplimiento"):
        answer = client.simulate_get(page, params=params | now, headers={"Accept-Language": "en"})
        shown = answer.text
        assert sorted(set(re.findall(r'href="/regla/([a-z-]+)', shown))) == rules, page
        for name in params.values():
            assert f'<option value="{name}" selected>' in shown
        assert ("No rules match." in shown) is (page == "/reglas" and not rules)
