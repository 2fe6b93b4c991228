"""A heartbeat says that somebody judges and sends. It stops when one of them does."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from service.errors import InvalidSettingError
from service.notify.lag import LAGS_AFTER
from service.notify.line import Line
from service.notify.receivers import read_receivers
from service.notify.sender import Sender
from service.store.queries import load_queries
from service.times import HOUR, MINUTE, SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine

HOURLY = 'latido = "1h"'


@pytest.fixture
def line(told: ToldFleet, receiver: HttpReceiver) -> Line:
    """A receiver that had its first digest and its first heartbeat."""
    told.report()
    told.fleet.config.evaluator_lock.touch()
    line = told.listen(receiver.url, HOURLY, 'language = "en"')
    tell(line)
    assert beats(receiver) == 1
    receiver.taken.clear()
    return line


def beats(receiver: HttpReceiver) -> int:
    return sum(message.json()["tipo"] == "latido" for message in receiver.taken)


def pass_by(told: ToldFleet, microseconds: int) -> Line:
    """As much time passes since the last heartbeat, and for what waits."""
    told.age(microseconds)
    engine.execute(
        told.fleet.config.database, "UPDATE receiver SET beat_at = beat_at - ?", (microseconds,)
    )
    return told.line()


def stop_evaluator(told: ToldFleet, ago: int) -> None:
    told.close()
    at = time.time() - ago / SECOND
    os.utime(told.fleet.config.evaluator_lock, (at, at))


@pytest.mark.usefixtures("line")
def test_it_comes_once_a_period_and_says_how_all_is(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report("bad")
    tell(pass_by(told, 59 * MINUTE))
    assert beats(receiver) == 0
    receiver.behaviours = [200, 500]
    told.report("bad", machine="m2")
    tell(pass_by(told, MINUTE))
    tell(pass_by(told, HOUR))
    first, second = (m.json() for m in receiver.taken if m.json()["tipo"] == "latido")
    assert (first["abiertas"], first["por_severidad"]["alta"]) == (2, 2)
    assert (first["esperan"], first["fallidas"], first["cada"]) == (1, 0, 3600)
    assert (first["evaluador"], first["evaluado_hasta"] is None) == ("al_dia", False)
    assert first["texto"] == "Heartbeat: 2 high"
    assert (second["esperan"], second["esperan_desde"] is None) == (1, False)
    assert first["id"] != second["id"]


@pytest.mark.usefixtures("line")
def test_it_stops_with_the_evaluator(told: ToldFleet, receiver: HttpReceiver) -> None:
    stop_evaluator(told, LAGS_AFTER - MINUTE)
    tell(pass_by(told, HOUR))
    said = receiver.taken[-1].json()
    assert (said["tipo"], said["evaluador"]) == ("latido", "atrasado")
    receiver.taken.clear()
    stop_evaluator(told, LAGS_AFTER)
    line = pass_by(told, HOUR)
    tell(line)
    assert beats(receiver) == 0
    told.fleet.config.evaluator_lock.touch()
    tell(told.line())
    assert beats(receiver) == 1


@pytest.mark.usefixtures("line")
def test_it_stops_while_reports_wait_for_long_or_no_evaluator_ever_ran(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.fleet.add(20 * 60 * SECOND, machine="unjudged")
    told.fleet.config.evaluator_lock.touch()
    tell(pass_by(told, HOUR))
    assert beats(receiver) == 0
    told.judge()
    tell(told.line())
    assert beats(receiver) == 1
    told.fleet.config.evaluator_lock.unlink()
    tell(pass_by(told, HOUR))
    assert beats(receiver) == 1


@pytest.mark.usefixtures("line")
def test_it_stops_with_the_sender(told: ToldFleet, receiver: HttpReceiver) -> None:
    config = told.fleet.config
    stopped = threading.Event()
    pass_by(told, HOUR)
    receivers = read_receivers(told.file)
    sender = Sender(told.fleet.database, load_queries(), receivers, config)
    running = threading.Thread(target=sender.run, args=[stopped])
    running.start()
    receiver.wait(1)
    stopped.set()
    running.join()
    pass_by(told, HOUR)
    time.sleep(1)
    assert beats(receiver) == 1


@pytest.mark.usefixtures("line")
def test_none_queues_up_behind_a_receiver_that_is_down(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    receiver.stop()
    told.report("bad")
    for _ in range(5):
        tell(pass_by(told, HOUR))
    receiver.start()
    tell(pass_by(told, HOUR))
    assert [message.json()["tipo"] for message in receiver.taken] == ["latido", "abierta"]
    assert (
        engine.rows(told.fleet.config.database, "SELECT * FROM message WHERE kind = 'latido'") == []
    )


def test_one_that_failed_is_tried_again_within_its_period(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    line = pass_by(told, HOUR)
    receiver.behaviours = [404]  # which no repeat mends, but the next one is another message
    tell(line)
    assert (beats(receiver), tell(line)) == (0, [])
    time.sleep(2.1)
    tell(line)
    assert beats(receiver) == 1


@pytest.mark.usefixtures("line")
def test_neither_quiet_hours_nor_a_clock_that_was_set_back_stops_it(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    all_day = 'quiet = { from = "00:00", to = "23:59:59.999999", zone = "UTC", critical = true }'
    told.listen(receiver.url, HOURLY, all_day)
    tell(pass_by(told, -HOUR))
    assert beats(receiver) == 1


def test_it_counts_what_the_receiver_listens_to(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report("bad")
    told.fleet.config.evaluator_lock.touch()
    tell(told.listen(receiver.url, HOURLY, 'severities = ["critica"]'))
    assert receiver.taken[0].json()["abiertas"] == 0


@pytest.mark.parametrize("value", ['"30s"', '"25h"', '"0m"', "60", '"1 h"', '"1w"'])
def test_another_period_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "receivers.toml"
    path.write_text(f'[receivers.guard]\nkind = "webhook"\nurl = "http://a"\nlatido = {value}\n')
    with pytest.raises(
        InvalidSettingError, match="latido: expected a time such as 5m, 24h or 7d, from 1m to 24h"
    ):
        read_receivers(path)
