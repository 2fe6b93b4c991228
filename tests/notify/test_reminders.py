"""A receiver that asks for reminders gets one digest a period of what stays open."""

from __future__ import annotations

import pytest

from service.auth.audit_log import AuditLog
from service.notify.line import Line
from service.store.queries import load_queries
from service.store.write.resending import Resending
from service.times import DAY, HOUR
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine

DAILY = 'recordatorio = "1d"'


@pytest.fixture
def told(told: ToldFleet, receiver: HttpReceiver) -> ToldFleet:
    """Something is open, and the receiver was told so when it was new."""
    told.report("bad")
    told.report(machine="m2")
    line = told.listen(receiver.url, DAILY)
    tell(line)
    line.take()
    assert reasons(receiver) == ["nuevo"]
    receiver.taken.clear()
    return told


def reasons(receiver: HttpReceiver) -> list[str]:
    taken = [message.json() for message in receiver.taken]
    return [each.get("razon") or each["tipo"] for each in taken]


def pass_by(told: ToldFleet, microseconds: int) -> Line:
    told.age(microseconds)
    engine.execute(
        told.fleet.config.database,
        "UPDATE receiver SET reminded_at = reminded_at - ?",
        (microseconds,),
    )
    line = told.line()
    line.take()  # begins
    return line


def test_it_comes_once_a_period_with_what_is_so_then(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    tell(pass_by(told, DAY - HOUR))
    assert reasons(receiver) == []
    told.report("bad", machine="m2")
    line = pass_by(told, HOUR)
    tell(line)
    tell(line)
    assert sorted(reasons(receiver)) == ["abierta", "recordatorio"]
    (reminder,) = (m.json() for m in receiver.taken if m.json()["tipo"] == "resumen")
    assert (reminder["total"], reminder["por_severidad"]["alta"]) == (2, 2)
    assert len(reminder["mensajes"]) == 2
    assert "lo que sigue abierto: 2 alta" in reminder["texto"]


def test_none_comes_while_nothing_is_open(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report()
    tell(pass_by(told, DAY))
    assert reasons(receiver) == ["resuelta"]
    assert [row[1] for row in told.messages()] == ["resumen", "resuelta"]


def test_what_ended_before_it_left_is_not_in_it(told: ToldFleet, receiver: HttpReceiver) -> None:
    all_day = 'quiet = { from = "00:00", to = "23:59:59.999999", zone = "UTC" }'
    told.listen(receiver.url, DAILY, all_day)
    tell(pass_by(told, DAY))
    assert reasons(receiver) == []
    assert told.messages()[-1][1:3] == ("recordatorio", "esperando")
    told.report()
    told.report("bad", machine="m2")
    told.age(DAY)
    tell(told.listen(receiver.url, DAILY))  # its clock says that they are over
    (reminder,) = (m.json() for m in receiver.taken if m.json().get("razon") == "recordatorio")
    assert [entry["servidor"] for entry in reminder["mensajes"]] == [2]


def test_a_receiver_that_is_down_gets_the_newest_one_alone_and_it_holds_up_nobody(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    receiver.behaviours = [500, 500]
    tell(pass_by(told, DAY))
    tell(pass_by(told, DAY))
    told.report("bad", machine="m2")
    engine.execute(told.fleet.config.database, "UPDATE receiver SET paused_until = 0")
    tell(told.lines["guard"])
    assert reasons(receiver) == ["abierta"]
    told.age(DAY)
    tell(told.lines["guard"])
    assert reasons(receiver) == ["abierta", "recordatorio"]
    assert receiver.taken[-1].json()["total"] == 1  # as it was when it was tried first


def test_it_respects_what_the_receiver_listens_to(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.listen(receiver.url, DAILY, 'severities = ["critica"]')
    tell(pass_by(told, DAY))
    assert reasons(receiver) == []


def test_it_can_be_sent_again(told: ToldFleet, receiver: HttpReceiver) -> None:
    line = pass_by(told, DAY)
    tell(line)
    audit_log = AuditLog(told.fleet.config.audit_log)
    Resending(told.fleet.database, load_queries(), audit_log).again(2, {"by": "ana"})
    told.report()
    tell(line)
    (repeat,) = (m.json() for m in receiver.taken if m.json().get("repite"))
    assert (repeat["razon"], repeat["total"]) == ("recordatorio", 0)
