"""Times at the edges of the calendar, in reports and in every parameter that is a time."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from service.app import create_app
from service.config import Config
from service.http.parameters import Parameter, time
from tests.support.live import Answer, LiveService
from tests.support.reports import report, report_2
from tests.support.routes import served_routes

FIRST, LAST = "1970-01-01T00:00:00", "9999-12-31T23:59:59.999999"
ORDINARY = "2020-02-15T02:06:54"
# Each is a time that the service can hold.
EDGES = [
    FIRST,
    "1970-01-01T00:00:00.000001",
    "1970-01-01T14:00:00+14:00",
    "1972-06-30T23:59:59.999999999",
    "9999-12-31T23:59:59",
    "9999-12-31T09:59:59.999999-14:00",
    LAST,
]
# Each is in the calendar, in some zone, and is before 1970 or after 9999 in UTC.
BEYOND = [
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59.999999",
    "1970-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59.999999-00:01",
]
SECONDS = ["0", "253402300799"], ["-1", "253402300800", "9223372036854775807", "1e5"]
PERIODS = ("/periodo", "/auditoria")  # which end after they begin
QUERIES = {"/programa": "name=*", "/usuario": "username=*", "/procesos/historial": "name=*"}

APP = create_app(Config(data=Path("var")))
ROUTES = sorted(
    route.path
    for route in served_routes(APP)
    if any(method.method == "GET" and not method.internal for method in route.methods)
)
# Every parameter of the service that is a time, wherever it is defined.
PARAMETERS = sorted(
    {
        value.name
        for name, module in list(sys.modules.items())
        if name.startswith("service.")
        for value in vars(module).values()
        if isinstance(value, Parameter) and value.expected == time("").expected
    }
)


def at(moment: str, **members: Any) -> dict[str, Any]:
    """A report whose times are all this one."""
    document = report_2(3, fecha_hora=moment, **members)
    for row in document["procesos"]:
        row["inicio"] = moment
    document["usuarios_activos"][0]["desde"] = moment
    return document


@pytest.fixture(scope="module")
def live(service: LiveService) -> LiveService:
    """Servers with one report at an edge, and a server with reports at all of them."""
    posted = [
        at(LAST, id_maquina="a"),
        at(FIRST, id_maquina="b"),
        *(at(moment, id_maquina="c", descartados=n) for n, moment in enumerate(EDGES)),
        at(ORDINARY, id_maquina="c"),
        report(2, fecha_hora=LAST, ipaddress="10.0.0.1"),
        report(2, fecha_hora=FIRST, ipaddress="10.0.0.1"),
    ]
    for document in posted:
        assert service.post(document).status == 201, document["fecha_hora"]
    return service


def addresses(live: LiveService, route: str) -> Iterator[str]:
    """The route with every server, or a record of each, in the place of its ids."""
    ids = [1]
    if "{id_serv" in route:
        ids = [row[0] for row in live.rows("SELECT max(id) FROM report GROUP BY server_id")]
    elif "{server_id" in route:
        ids = [row[0] for row in live.rows("SELECT id FROM server")]
    yield from dict.fromkeys(re.sub(r"\{[^{}]*\}", str(each), route) for each in ids)


def ask(live: LiveService, address: str, **parameters: str) -> Answer:
    """The answer, after redirections."""
    query = "&".join(filter(None, [QUERIES.get(address, ""), urlencode(parameters)]))
    answer = live.get(f"{address}?{query}")
    if answer.status == 303:
        answer = live.get(answer.headers["location"])
    return answer


def taken(live: LiveService, route: str) -> list[str]:
    """The times that a route takes as parameters."""
    address = next(addresses(live, route))
    return [
        name
        for name in PARAMETERS
        if ask(live, address, **{name: "x"}).status == 400
        and ask(live, address, **{name: ORDINARY}).status != 400
    ]


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_times_at_the_edges_and_refuses_those_beyond(
    live: LiveService, route: str
) -> None:
    logged = len(live.log)
    names = taken(live, route)
    for address in addresses(live, route):
        assert ask(live, address).status < 500, address
        for name, moment in product(names, EDGES):
            answer = ask(live, address, **{name: moment})
            assert answer.status in {200, 404}, (address, name, moment)
        for values in product((FIRST, ORDINARY, LAST), repeat=len(names)):
            asked = dict(zip(names, values, strict=True))
            answer = ask(live, address, **asked)
            if address.startswith(PERIODS) and asked["hasta"] <= asked["desde"]:
                assert answer.status == 400, (address, values)
                continue
            assert answer.status in {200, 404}, (address, values)
    for name, moment in product(names, BEYOND):
        answer = ask(live, address, **{name: moment})
        assert answer.status == 400, (address, name, moment)
        assert name in answer.body.decode()
        assert "1970" in answer.body.decode()
    assert "Traceback" not in live.log[logged:]


def test_every_time_parameter_is_a_parameter_of_a_route(live: LiveService) -> None:
    assert {"fecha_hora", "desde", "hasta"} <= set(PARAMETERS)
    assert {name for route in ROUTES for name in taken(live, route)} == set(PARAMETERS)


def test_the_slider_reaches_the_edges_and_nothing_beyond(live: LiveService) -> None:
    for address in addresses(live, "/servidor/{server_id}"):
        edges, beyond = SECONDS
        assert {ask(live, address, instante=each).status for each in edges} == {200}
        assert {ask(live, address, instante=each).status for each in beyond} == {400}


@pytest.mark.parametrize("moment", [FIRST, LAST])
def test_the_times_of_a_report_at_an_edge_are_shown_as_sent(live: LiveService, moment: str) -> None:
    text = (moment + ".000000")[:26].replace("T", " ")
    machine = "a" if moment == LAST else "b"
    (row,) = [
        row for row in ask(live, "/servers").json()["servers"] if row["id_maquina"] == machine
    ]
    assert row["fecha_hora"] == text
    shown = ask(live, f"/servers/{row['id_serv']}").json()
    assert {each["inicio"] for each in shown["procesos"]} == {text}
    assert shown["usuarios_activos"][0]["desde"] == text
    page = ask(live, f"/servidor/{row['servidor']}").body.decode()
    assert text[:19] in page


@pytest.mark.parametrize("moment", BEYOND)
def test_a_report_with_a_time_beyond_the_edges_is_refused(live: LiveService, moment: str) -> None:
    for pointer, document in {
        "/fecha_hora": report_2(fecha_hora=moment),
        "/procesos/2/inicio": report_2(inicio_2=moment),
        "/usuarios_activos/0/desde": report_2(
            usuarios_activos=[{"pid": 1, "name": "juan", "desde": moment}]
        ),
    }.items():
        answer = live.post(document)
        assert answer.status == 400
        (fault,) = answer.json()["errors"]
        assert fault["pointer"] == pointer
        assert "1970" in fault["detail"]
