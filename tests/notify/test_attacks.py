"""Receivers, files and clocks that do what nobody expects."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from service import times
from service.errors import InvalidSettingError
from service.notify.attempt import GIVEN_UP_AFTER, answered
from service.notify.line import Line
from service.notify.receivers import Receiver, read_receivers
from service.notify.sender import Sender
from service.notify.webhook import Webhook
from service.store.queries import load_queries
from service.store.write.outbox import Outbox
from service.times import DAY, HOUR
from tests.notify.receiver import HttpReceiver, receiving
from tests.notify.told import ToldFleet, tell
from tests.support import engine

ALL_DAY = 'quiet = { from = "00:00", to = "23:59:59.999999", zone = "UTC" }'


def kinds(receiver: HttpReceiver) -> list[str]:
    return [message.json()["tipo"] for message in receiver.taken]


def webhook(receiver: HttpReceiver) -> Webhook:
    return Webhook(Receiver("guard", "webhook", "127.0.0.1", receiver.url, deadline=1))


@pytest.mark.parametrize("status", [301, 307, 308])
def test_no_redirect_to_another_host_is_followed(receiver: HttpReceiver, status: int) -> None:
    with receiving() as elsewhere:
        receiver.behaviours = [status]
        receiver.answer_headers = {"Location": elsewhere.url.replace("127.0.0.1", "localhost")}
        attempt = webhook(receiver).send(b"{}", "id")
    assert (attempt.error, attempt.is_final) == (f"HTTP {status}", False)
    assert elsewhere.seen == []


def test_an_endless_answer_costs_neither_time_nor_memory(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    def answer(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.rfile.read(int(request.headers["Content-Length"]))
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 100_000_000:
                sent += request.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:
            request.close_connection = True

    monkeypatch.setattr(receiver, "handle", answer)
    began = time.monotonic()
    assert webhook(receiver).send(b"{}", "id").error is None  # its status counts
    assert time.monotonic() - began < 5
    assert sent < 50_000_000  # what fits between the two


@pytest.mark.parametrize("asked", ["315360000", "Fri, 27 Nov 2036 04:00:00 GMT", "9" * 4000])
def test_nobody_waits_for_ten_years(asked: str) -> None:
    now = times.parse("2026-11-27 04:00:00")
    assert answered(503, {"Retry-After": asked}, now).retry_after == GIVEN_UP_AFTER


def test_quiet_hours_that_begin_while_it_cannot_be_sent_delay_a_message(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    tell(told.listen(receiver.url))
    told.report("bad")
    receiver.behaviours = [500]
    tell(told.lines["guard"])
    line = told.listen(receiver.url, ALL_DAY)
    told.age()
    assert tell(line) == []
    told.report("bad", machine="m2")
    assert tell(line) == []
    told.age(DAY)
    tell(told.listen(receiver.url))
    assert sorted(kinds(receiver)) == ["abierta", "abierta", "resumen"]


def test_quiet_hours_that_begin_spare_what_is_critical(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    tell(told.listen(receiver.url))
    told.report("bad")
    receiver.behaviours = [500]
    tell(told.lines["guard"])
    engine.execute(told.fleet.config.database, "UPDATE notice SET severity = 'critica'")
    line = told.listen(receiver.url, ALL_DAY)
    told.age()
    tell(line)
    assert kinds(receiver) == ["resumen", "abierta"]


def test_a_receiver_under_another_name_is_a_new_one_and_the_old_one_keeps_nothing_for_ever(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report("bad")
    receiver.behaviours = [500]
    tell(told.listen(receiver.url, name="old"))
    config = told.fleet.config
    line = told.listen(receiver.url, name="new")
    stopped = threading.Event()
    stopped.set()
    queries, receivers = load_queries(), read_receivers(told.file)
    Sender(told.fleet.database, queries, receivers, config).run(stopped)
    told.report("bad", machine="m2")
    told.report()
    tell(line)
    first = receiver.taken[0].json()
    assert (first["receptor"], first["tipo"]) == ("new", "resumen")
    later = times.now() + DAY
    with told.fleet.database.transaction() as connection:
        Outbox(queries).tidy(connection, later, later, later)
    rows = engine.rows(config.database, "SELECT count(*) FROM message WHERE receiver = 'old'")
    assert rows == [(0,)]
    assert engine.rows(config.database, "SELECT count(*) FROM notice") == [(1,)]
    receiver.taken.clear()
    told.age()
    line = told.listen(receiver.url, name="old")  # it is back after long
    tell(line)
    (digest,) = (message.json() for message in receiver.taken)
    assert (digest["razon"], digest["total"]) == ("perdido", 1)
    told.report(machine="m2")
    tell(line)
    assert kinds(receiver) == ["resumen", "resuelta"]


def test_two_receivers_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "receivers.toml"
    table = '[receivers.guard]\nkind = "webhook"\nurl = "http://a/secret"\n'
    path.write_text(table + table, encoding="utf-8")
    with pytest.raises(InvalidSettingError, match="Cannot declare") as refused:
        read_receivers(path)
    assert "secret" not in str(refused.value)


def test_a_file_that_goes_while_a_sender_runs_stops_nothing(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    line = told.listen(receiver.url)
    tell(line)
    told.file.unlink()
    told.report("bad")
    tell(line)
    assert kinds(receiver) == ["resumen", "abierta"]
    with pytest.raises(InvalidSettingError, match="No such file"):
        read_receivers(told.file)


def test_a_fault_of_ours_silences_no_receiver_for_good(
    told: ToldFleet, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.listen(receiver.url)
    monkeypatch.setattr("service.notify.sender._SECONDS_AFTER_FAULT", 0.01)
    faults = iter([ValueError("a fault")])
    take = Line.take

    def fail_once(line: Line) -> bool:
        for fault in faults:
            raise fault
        return take(line)

    monkeypatch.setattr(Line, "take", fail_once)
    stopped = threading.Event()
    receivers = read_receivers(told.file)
    sender = Sender(told.fleet.database, load_queries(), receivers, told.fleet.config)
    running = threading.Thread(target=sender.run, args=[stopped])
    running.start()
    receiver.wait(1)
    stopped.set()
    running.join()


def test_a_receiver_that_lives_again_after_all_was_set_aside_gets_one_digest_without_news(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    tell(told.listen(receiver.url))
    receiver.taken.clear()
    told.report("bad")
    told.report("bad", machine="m2")
    receiver.behaviours = [500, 500, 500, 404]
    for age in (GIVEN_UP_AFTER, GIVEN_UP_AFTER, HOUR):
        tell(told.lines["guard"])
        told.age(age)
    assert {state for _, kind, state, _ in told.messages() if kind == "abierta"} == {"fallido"}
    line = told.line()
    for digests in (0, 1, 1):  # refused for good, taken, no more
        earlier = "UPDATE receiver SET error_at = error_at - 3600000000, paused_until = 0"
        engine.execute(told.fleet.config.database, earlier)
        line = told.line()
        tell(line)
        tell(line)
        assert kinds(receiver) == ["resumen"] * digests
    digest = receiver.taken[0].json()
    assert (digest["razon"], digest["total"]) == ("perdido", 2)
