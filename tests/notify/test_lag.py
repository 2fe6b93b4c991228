"""The sender notes that the evaluator lags, since a dead one cannot."""

from __future__ import annotations

import os

import orjson

from service.notify.lag import LAGS_AFTER, LagWatch
from service.notify.receivers import MESSAGES
from service.project import SCHEMAS_FOLDER
from service.store.queries import load_queries
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.notify.asked import Api
from tests.notify.servers import Servers
from tests.support.judged_field import START, Arrival


def watch(servers: Servers, began: int) -> LagWatch:
    config = servers.field.config
    return LagWatch(load_queries(), config.evaluator_lock, START + began)


def look(servers: Servers, lag: LagWatch, at: int, *, runs: bool) -> None:
    """As a sender does, whose evaluator has left word a moment ago, or an hour ago."""
    servers.field.now = now = START + at
    word = (now - (0 if runs else HOUR)) / SECOND
    servers.field.config.evaluator_lock.touch()
    os.utime(servers.field.config.evaluator_lock, (word, word))
    with servers.field.database.transaction() as connection:
        found = lag.change(connection, now)
        if found is not None:
            lag.store(connection, found)


def test_an_evaluator_that_lags_is_told_and_so_is_that_it_caught_up(servers: Servers) -> None:
    servers.begin()
    lag = watch(servers, 0)
    servers.field.add(Arrival(START + MINUTE, START + MINUTE, "m0", ()))
    look(servers, lag, 10 * MINUTE, runs=True)
    assert servers.tell() == []
    look(servers, lag, 17 * MINUTE, runs=True)
    assert servers.tell() == ["evaluador_atrasado"]
    told = servers.receiver.taken[0].json()
    assert (told["severidad"], told["servidor"]) == ("critica", None)
    assert [bound["fecha_hora"][11:16] for bound in told["abierta_entre"]] == ["00:01", "00:17"]
    look(servers, lag, 18 * MINUTE, runs=True)
    look(servers, watch(servers, 18 * MINUTE), 18 * MINUTE, runs=True)  # a sender that starts
    assert servers.tell() == []
    servers.field.add(Arrival(START + 18 * MINUTE, START + 18 * MINUTE, "m0", ()))
    servers.field.be_deaf(START + 2 * MINUTE, START + 18 * MINUTE)
    servers.pass_until(19 * MINUTE)
    look(servers, lag, 19 * MINUTE, runs=True)
    assert servers.tell() == ["evaluador_al_dia"]


def test_an_evaluator_that_does_not_run_lags_though_nothing_waits(servers: Servers) -> None:
    servers.begin()
    look(servers, watch(servers, -DAY), 10 * MINUTE, runs=False)
    assert servers.tell() == ["evaluador_atrasado"]


def test_the_time_before_the_sender_ran_is_no_lag(servers: Servers) -> None:
    servers.begin()
    began = DAY
    servers.field.add(Arrival(START + MINUTE, START + MINUTE, "m0", ()))
    lag = watch(servers, began)
    look(servers, lag, began + LAGS_AFTER - SECOND, runs=False)
    assert servers.tell() == []
    look(servers, lag, began + LAGS_AFTER, runs=False)
    assert servers.tell() == ["evaluador_atrasado"]


def test_administrators_are_shown_what_was_told_of_servers_and_of_the_evaluator(
    servers: Servers,
) -> None:
    servers.begin()
    servers.report(MINUTE)
    servers.pass_until(HOUR)
    look(servers, watch(servers, -DAY), HOUR, runs=False)
    servers.tell()
    api = Api(servers.field)
    shown = {row["tipo"]: row for row in api.messages()}
    assert shown["silencio"]["servidor"] == 1
    assert shown["evaluador_atrasado"]["servidor"] is None
    assert {row["politica"] for row in shown.values()} == {None}
    page = api.page()
    assert "Silent server" in page
    assert "Evaluation lags" in page


def test_the_api_describes_every_kind_of_message() -> None:
    schemas = orjson.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())["components"]["schemas"]
    message = schemas["Notificaciones"]["properties"]["notificaciones"]["items"]
    assert set(message["properties"]["tipo"]["enum"]) == {
        *MESSAGES,
        "calma",
        "acumulado",
        "recordatorio",
    }
