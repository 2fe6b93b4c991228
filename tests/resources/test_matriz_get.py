"""GET /matriz, /marcos and /marcos/{framework}: the fleet against the rules."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from service.store.engines import open_database
from service.times import parse
from tests.support.judged import ANOTHER_SYSTEM, NO_NAMES, PASSES, SILENT, Judging, fails
from tests.support.lists import csv_of, listed
from tests.support.live import LiveService
from tests.support.reports import report

DAY = "2026-03-01"
MOMENTS = [None, f"{DAY} 09:59:00", f"{DAY} 10:02:00", f"{DAY} 10:07:00", f"{DAY} 10:30:00"]


@pytest.fixture(scope="module", autouse=True)
def records(service: LiveService) -> None:
    """Server 1 fails twice, 2 fails for a while, 3 is silent after a failure, 4 is no Linux."""
    times = ("10:00", "10:05", "10:10")
    found = [
        [
            service.post(report(ipaddress=address, fecha_hora=f"{DAY} {time}:00")).json()["id_serv"]
            for time in times
        ]
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
    ]
    with closing(open_database(service.database)) as database:
        judging = Judging(database)
        for rule in ("minero", "servicio-telnet", "silencioso"):
            judging.take_up(rule, parse(f"{DAY} 09:00:00"))
        bad = fails("xmrig")
        for id_serv in found[0]:
            judging.report(id_serv, minero=bad, servicio_telnet=fails("telnetd"), silencioso=PASSES)
        for id_serv, verdict in zip(found[1], (PASSES, bad, PASSES), strict=True):
            judging.report(id_serv, minero=verdict, servicio_telnet=NO_NAMES)
        for id_serv in found[2]:
            judging.report(id_serv, minero=bad, servicio_telnet=PASSES)
        judging.event(
            3, "silencio", parse(f"{DAY} 10:25:00"), minero=SILENT, servicio_telnet=SILENT
        )
        for id_serv in found[3]:
            judging.report(id_serv, minero=PASSES, servicio_telnet=ANOTHER_SYSTEM)


def verdicts(service: LiveService, server: int, moment: str | None) -> dict[str, str]:
    """The verdicts on a server by its own list."""
    wanted = {} if moment is None else {"fecha_hora": moment}
    rows = listed(service, f"/servers/{server}/cumplimiento", **wanted)
    return {row["politica"]: row["veredicto"] for row in rows}


def of_state(found: dict[str, str], state: str) -> list[str]:
    return sorted(rule for rule, verdict in found.items() if verdict == state)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_matrix_says_of_each_server_what_its_own_list_says(
    service: LiveService, moment: str | None
) -> None:
    wanted = {} if moment is None else {"fecha_hora": moment}
    rows = listed(service, "/matriz", **wanted)
    # No server is of a moment at which it had not reported yet.
    of_then = sorted(row["servidor"] for row in listed(service, "/servers", **wanted))
    assert sorted(row["servidor"] for row in rows) == of_then
    assert of_then == ([] if moment == MOMENTS[1] else [1, 2, 3, 4])
    for row in rows:
        records = 1 + 3 * (row["servidor"] - 1)  # any record of the server
        found = verdicts(service, records, moment)
        assert row["reglas_que_falla"].split() == of_state(found, "falla")
        assert row["reglas_desconocidas"].split() == of_state(found, "desconocido")
        for state in ("falla", "desconocido", "cumple", "no_aplica"):
            assert row[state] == len(of_state(found, state))


def test_the_worst_server_comes_first(service: LiveService) -> None:
    rows = listed(service, "/matriz")
    assert [row["servidor"] for row in rows] == [1, 3, 2, 4]
    assert rows[0]["reglas_que_falla"] == "minero servicio-telnet"
    rows = listed(service, "/matriz", severidad="critica")
    assert rows[0]["reglas_que_falla"] == "minero"
    assert all("telnet" not in str(row) for row in rows)
    assert [row["servidor"] for row in csv_of(service.get("/matriz?formato=csv"))] == list("1324")


def test_a_control_has_the_worst_verdict_of_its_rules(service: LiveService) -> None:
    answer: dict[str, Any] = service.get("/marcos/ens").json()
    controls = {row["control"]: row for row in answer["controles"]}
    miner = controls["op.exp.6"]  # server 1 fails, 3 is silent
    counts = [miner[name] for name in ("cumple", "falla", "desconocido", "no_aplica")]
    assert counts == [2, 1, 1, 0]
    assert (miner["veredicto"], miner["proporcion"]) == ("falla", 50)
    telnet = controls["op.exp.2"]
    assert [telnet[name] for name in ("cumple", "falla", "desconocido", "no_aplica")] == [
        0,
        1,
        2,
        1,
    ]
    assert answer["controles_total"] == 73
    assert not set(answer["sin_reglas"]) & controls.keys()
    (ens,) = [row for row in listed(service, "/marcos") if row["id"] == "ens"]
    assert ens["con_evidencia"] == answer["con_evidencia"] > 0
    fails = [row for row in answer["controles"] if row["veredicto"] == "falla"]
    assert ens["fallan"] == len(fails)


def test_an_unknown_framework_is_not_found(service: LiveService) -> None:
    answer = service.get("/marcos/pci")
    assert answer.status == 404
    assert answer.json()["detail"] == "no framework is called 'pci'"
