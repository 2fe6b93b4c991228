"""What a receiver is told of servers themselves, where no rule speaks of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.auth.audit_log import AuditLog
from service.store.queries import load_queries
from service.store.write.resending import Resending
from service.times import HOUR, MINUTE, SECOND
from tests.notify.servers import Servers
from tests.support import engine
from tests.support.judged_field import START


def test_a_silent_server_is_told_with_its_last_report_and_so_is_that_it_is_heard_again(
    servers: Servers,
) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    assert servers.tell() == ["silencio"]
    silent = servers.receiver.taken[0].json()
    assert silent["severidad"] == "media"
    assert silent["politica"] is None
    assert (silent["ip_server"], silent["nombre_host"]) == ("10.0.0.1", "web-1")
    last, began = silent["abierta_entre"]
    assert last["id_serv"] == 1
    assert began["id_serv"] is None
    assert began["fecha_hora"] == "2026-11-02 00:16:00.000000"
    assert "web-1 (10.0.0.1)" in silent["texto"]
    servers.report(2 * HOUR)
    assert servers.tell() == ["vuelve"]
    again = servers.receiver.taken[0].json()
    assert again["caso"] == silent["caso"]
    assert again["id"] != silent["id"]
    assert again["abierta_entre"][0]["id_serv"] == 1
    assert again["terminada"]["id_serv"] == 2


def test_where_the_rule_applies_its_messages_are_the_only_ones(servers: Servers) -> None:
    servers.adjust("[silencioso]\n")
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    assert servers.tell() == ["abierta"]
    assert servers.receiver.taken[0].json()["politica"] == "silencioso"
    servers.report(2 * HOUR)
    assert servers.tell() == ["resuelta"]


@pytest.mark.parametrize("how", ["activa = false", 'aplica = { so = "Windows*" }'])
def test_a_silence_of_which_the_rule_speaks_no_more_is_the_servers_own(
    servers: Servers, how: str
) -> None:
    servers.adjust("[silencioso]\n")
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    assert servers.tell() == ["abierta"]
    servers.adjust(f"[silencioso]\n{how}\n")
    servers.restart()
    assert servers.tell() == ["cerrada", "silencio"]
    last, began = servers.receiver.taken[1].json()["abierta_entre"]
    assert last["id_serv"] == 1
    assert began["fecha_hora"] == "2026-11-02 00:16:00.000000"
    servers.restart()
    assert servers.tell() == []
    servers.report(2 * HOUR)
    assert servers.tell() == ["vuelve"]


def test_the_downtime_of_the_service_is_nobodys_silence(servers: Servers) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.field.be_deaf(START + 2 * MINUTE, START + 5 * HOUR)
    servers.pass_until(5 * HOUR + 10 * MINUTE)
    assert servers.tell() == []
    servers.pass_until(5 * HOUR + 20 * MINUTE)
    assert servers.tell() == ["silencio"]


def test_a_spool_that_comes_late_is_no_silence_of_its_own(servers: Servers) -> None:
    """A silent server drains what it kept: it is heard again, and was not silent in between."""
    servers.begin()
    for at in range(4):
        servers.report(6 * HOUR + at * SECOND, taken=at * HOUR)
    assert servers.tell() == []


def test_a_server_that_is_retired_in_silence_is_closed_and_its_return_is_news(
    servers: Servers,
) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    servers.retire(2 * HOUR)
    assert servers.tell() == ["silencio", "cerrada"]
    assert servers.receiver.taken[1].json()["fin"] == "retirado"
    servers.report(3 * HOUR)
    assert servers.tell() == ["reactivado"]
    news = servers.receiver.taken[0].json()
    retired, back = news["abierta_entre"]
    assert retired["marca"].startswith("baja ")
    assert retired["fecha_hora"] == "2026-11-02 02:00:00.000000"
    assert back["id_serv"] == 2
    servers.report(3 * HOUR + MINUTE)
    assert servers.tell() == []


@pytest.mark.parametrize("ruled", [False, True])
def test_a_wrong_clock_is_told_and_so_is_that_it_is_right_again(
    servers: Servers, *, ruled: bool
) -> None:
    servers.adjust("[reloj-incorrecto]\n" if ruled else "")
    servers.begin()
    servers.report(MINUTE)
    for at in (2 * MINUTE, 3 * MINUTE):
        servers.report(at, taken=at + 3 * HOUR)
    if ruled:
        assert servers.tell() == ["abierta"]
        return
    assert servers.tell() == ["reloj"]
    told = servers.receiver.taken[0].json()
    assert [bound["id_serv"] for bound in told["abierta_entre"]] == [1, 2]
    assert told["abierta_entre"][1]["marca"] == "adelantado"
    servers.report(4 * MINUTE, taken=3 * HOUR + 4 * MINUTE)
    assert servers.tell() == []
    servers.report(5 * HOUR)
    assert servers.tell() == ["silencio", "vuelve", "reloj_correcto"]


@pytest.mark.parametrize("ruled", [False, True])
def test_a_clone_is_told_once(servers: Servers, *, ruled: bool) -> None:
    servers.adjust("[clonado]\n" if ruled else "")
    servers.begin()
    for at in range(1, 10, 2):
        servers.report(at * MINUTE, boot="one")
        servers.report((at + 1) * MINUTE, boot="two")
    if ruled:
        assert servers.tell() == ["abierta", "abierta"]
        return
    assert servers.tell() == ["clon"]
    other, first = servers.receiver.taken[0].json()["abierta_entre"]
    assert other["id_serv"] < first["id_serv"]


def test_a_server_that_falls_silent_again_and_again_is_unstable(servers: Servers) -> None:
    servers.begin()
    told: list[str] = []
    for hour in range(6):
        for minute in range(1, 8):
            servers.report(hour * HOUR + minute * MINUTE)
        told += servers.tell()
        servers.pass_until((hour + 1) * HOUR)
        told += servers.tell()
    assert told == ["silencio", "vuelve", "silencio", "vuelve", "inestable"]
    servers.pass_until(29 * HOUR)
    assert servers.tell() == []
    servers.pass_until(30 * HOUR)
    assert servers.tell() == ["silencio"]
    message = servers.receiver.taken[0].json()
    assert message["tras_inestable"] is True
    assert "web-1" in message["texto"]
    servers.report(31 * HOUR)
    assert servers.tell() == ["vuelve"]


def test_a_new_receiver_is_told_who_is_silent_and_hears_that_it_ends(servers: Servers) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    engine.execute(servers.field.config.database, "DELETE FROM receiver")
    engine.execute(servers.field.config.database, "DELETE FROM told")
    servers.line = servers.new_line()
    assert servers.tell() == ["resumen"]
    digest = servers.receiver.taken[0].json()
    assert [entry["tipo"] for entry in digest["mensajes"]] == ["silencio"]
    servers.report(2 * HOUR)
    assert servers.tell() == ["vuelve"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('messages = ["vuelve"]', ["vuelve"]),
        ('severities = ["critica", "alta"]', []),
        ('rules = ["silen*"]', []),
    ],
)
def test_a_receiver_chooses_by_kind_and_severity(
    servers: Servers, lines: str, expected: list[str]
) -> None:
    servers.hear(lines)
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    servers.report(2 * HOUR)
    assert servers.tell() == expected


def test_without_receivers_events_are_stored_and_nothing_is_noted(servers: Servers) -> None:
    servers.field.config = replace(servers.field.config, notify=None)
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    path = servers.field.config.database
    assert engine.rows(path, "SELECT kind, ended_at FROM server_event") == [("silencio", None)]
    assert engine.rows(path, "SELECT * FROM notice") == []


def test_what_is_judged_again_is_noted_once(servers: Servers) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    servers.report(2 * HOUR)
    path = servers.field.config.database
    notices = engine.rows(path, "SELECT hex(digest), kind FROM notice")
    for table in ("notice", "server_event"):
        engine.execute(path, f"DELETE FROM {table}")
    engine.execute(
        path,
        "UPDATE judged SET seq = 1, event_mark = NULL, event_report_id = 1,"
        " event_at = ?, event_received_at = ?",
        (START + MINUTE, START + MINUTE),
    )
    servers.close()
    servers.begin()
    assert engine.rows(path, "SELECT hex(digest), kind FROM notice") == notices


def test_a_silence_that_is_told_again_says_whether_it_goes_on(servers: Servers) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    servers.tell()
    config = servers.field.config
    audit_log, database = AuditLog(config.audit_log), servers.field.database
    resending = Resending(database, load_queries(), audit_log, lambda: servers.field.now)
    resending.again(2, {"by": "ana"})
    assert servers.tell() == ["silencio"]
    repeat = servers.receiver.taken[-1].json()
    assert repeat["ahora"] == {
        "estado": "abierta",
        "fin": None,
        "en": repeat["abierta_entre"][1]["fecha_hora"],
    }
    servers.report(2 * HOUR)
    servers.tell()
    resending.again(2, {"by": "ana"})
    resending.again(1, {"by": "ana"})  # the digest of what is open
    assert servers.tell() == ["silencio", "resumen"]
    repeat, digest = (message.json() for message in servers.receiver.taken[-2:])
    assert (repeat["ahora"]["estado"], repeat["ahora"]["fin"]) == ("cerrada", "resuelta")
    assert digest["total"] == 0
