"""A waiver holds back that something opened, and nothing else; its own end is told."""

from __future__ import annotations

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.notify.line import Line
from service.store.queries import load_queries
from service.store.waiver_format import target_of
from service.store.write.outbox import Outbox
from service.store.write.waiver_changes import NewWaiver, Waivers
from service.store.write.waiver_notices import WaiverNotices
from service.times import DAY, HOUR, MINUTE
from tests.notify.receiver import HttpReceiver
from tests.notify.test_transitions import begin, kinds
from tests.notify.told import ToldFleet, tell
from tests.support import engine


def waivers(told: ToldFleet) -> Waivers:
    audit = AuditLog(told.fleet.config.audit_log)
    return Waivers(told.fleet.database, load_queries(), audit, lambda *_: ("name",))


def waive(told: ToldFleet, days: int = 10, server: int | None = None, **key: str) -> int:
    target = target_of(server, None, "10.0.0.0/8" if server is None else None)
    until_at = times.now() // MINUTE * MINUTE + days * DAY
    new = NewWaiver("a-rule", target, until_at, "accepted", key or None)
    return waivers(told).waive(new, "ana")


def end(told: ToldFleet) -> None:
    """What was waived comes to its end now."""
    now = times.now()
    engine.execute(told.fleet.config.database, "UPDATE waiver SET until_at = ?", (now - 1,))


def tell_again(line: Line) -> None:
    """As the sender does some time later."""
    line._released_at = 0
    tell(line)


def look(told: ToldFleet, now: int) -> None:
    """As the sender does once a minute."""
    with told.fleet.database.transaction() as connection:
        WaiverNotices(load_queries()).note(connection, now)


def states(told: ToldFleet) -> list[str]:
    rows = engine.rows(told.fleet.config.database, "SELECT state FROM told ORDER BY state")
    return [state for (state,) in rows]


def test_what_opens_while_it_is_waived_is_told_once_the_waiver_ends(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    waive(told)
    opened = told.report("bad")
    tell(line)
    tell_again(line)
    assert kinds(receiver) == []
    assert states(told) == ["exenta"]
    end(told)
    tell_again(line)
    tell_again(line)
    (message,) = [each.json() for each in receiver.taken]
    assert message["tipo"] == "abierta"
    assert message["abierta_entre"][1]["id_serv"] == opened
    told.report()
    tell(line)
    assert kinds(receiver) == ["abierta", "resuelta"]


def test_what_is_resolved_meanwhile_is_never_told(told: ToldFleet, receiver: HttpReceiver) -> None:
    line = begin(told, receiver)
    waive(told)
    told.report("bad")
    tell(line)
    told.report()
    tell(line)
    end(told)
    tell_again(line)
    told.report("bad")
    tell(line)
    assert kinds(receiver) == ["abierta"]  # the next one, which is not waived


def test_what_opened_and_was_resolved_while_waived_is_never_told(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    waive(told)
    told.report("bad")
    told.report()
    tell(line)
    end(told)
    tell_again(line)
    assert kinds(receiver) == []
    assert states(told) == []


def test_what_was_told_is_closed_and_not_told_twice_whatever_is_waived(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    told.report("bad")
    told.report("bad", machine="m2")
    tell(line)
    number = waive(told)
    tell_again(line)
    told.report()
    tell(line)
    assert kinds(receiver) == ["abierta", "abierta", "resuelta"]
    waivers(told).revoke(number, "ana")
    tell_again(line)
    told.report(machine="m2")
    tell(line)
    assert kinds(receiver) == ["abierta", "abierta", "resuelta", "resuelta"]


@pytest.mark.parametrize(("name", "servers"), [("bad", [2]), ("other", [1, 2])])
def test_a_server_and_a_key_hold_back_what_they_cover_alone(
    told: ToldFleet, receiver: HttpReceiver, name: str, servers: list[int]
) -> None:
    line = begin(told, receiver)
    waive(told, server=1, name=name)
    told.report("bad")
    told.report("bad", machine="m2")
    tell(line)
    assert [message.json()["servidor"] for message in receiver.taken] == servers


def test_a_message_that_waits_is_held_back_and_one_that_was_tried_is_not(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    told.report("bad")
    while line.take():
        pass
    number = waive(told)
    tell(line)
    assert (kinds(receiver), states(told)) == ([], ["exenta"])
    waivers(told).revoke(number, "ana")
    receiver.behaviours = [503]
    tell_again(line)
    waive(told)
    told.age(DAY)
    receiver.taken.clear()
    tell(line)
    assert kinds(receiver) == ["abierta"]


def test_a_new_receiver_hears_of_what_is_waived_when_the_waiver_ends(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    told.report("bad")
    told.report("bad", machine="m2")
    waive(told, server=1)
    line = told.listen(receiver.url)
    tell(line)
    (first,) = [message.json() for message in receiver.taken]
    assert [each["servidor"] for each in first["mensajes"]] == [2]
    receiver.taken.clear()
    engine.execute(told.fleet.config.database, "DELETE FROM notice")  # they are kept for a month
    end(told)
    tell_again(line)
    (second,) = [message.json() for message in receiver.taken]
    assert (second["tipo"], second["razon"]) == ("resumen", "exencion")
    assert [each["servidor"] for each in second["mensajes"]] == [1]


def test_a_notice_of_what_is_held_back_is_kept(told: ToldFleet, receiver: HttpReceiver) -> None:
    line = begin(told, receiver)
    waive(told)
    told.report("bad")
    tell(line)
    told.report("bad")
    with told.fleet.database.transaction() as connection:
        state = Outbox(load_queries()).receiver(connection, "guard")
        assert state is not None
        state.notice_id += 100
        Outbox(load_queries()).put_receiver(connection, state)
        Outbox(load_queries()).tidy(connection, 0, times.now() + DAY, 0)
    end(told)
    tell_again(line)
    assert kinds(receiver) == ["abierta"]


@pytest.mark.parametrize("days", [10, 400])
def test_the_end_of_a_waiver_is_told_before_and_when_it_comes(
    told: ToldFleet, receiver: HttpReceiver, days: int
) -> None:
    line = begin(told, receiver)
    now = times.now()
    look(told, now)
    waive(told, days)
    ends_at = now // MINUTE * MINUTE + days * DAY
    before = DAY if days == 10 else 7 * DAY
    for at, expected in (
        (ends_at - before - HOUR, []),
        (ends_at - before + HOUR, ["exencion_por_vencer"]),
        (ends_at - 1, []),
        (ends_at, ["exencion_terminada"]),
        (ends_at + DAY, []),
    ):
        look(told, at)
        receiver.taken.clear()
        line.take()
        told.age(500 * DAY)
        tell(line)
        assert kinds(receiver) == expected, at - ends_at
        for message in receiver.taken:
            found = message.json()
            assert found["red"] == "10.0.0.0/8"
            assert "accepted" in found["texto"]
            assert times.to_text(ends_at)[:16] in found["texto"]


def test_one_that_is_renewed_does_not_come_to_its_end_and_one_that_is_revoked_has_ended(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    look(told, times.now() - MINUTE)
    waive(told, 10)
    longer = waive(told, 20)
    look(told, times.now() + 9 * DAY + HOUR)
    tell(line)
    assert kinds(receiver) == []
    waivers(told).revoke(longer, "ana")
    engine.execute(told.fleet.config.database, "UPDATE waiver_look SET until_at = 0")
    look(told, times.now() + HOUR)
    tell(line)
    (message,) = [each.json() for each in receiver.taken]
    assert (message["tipo"], message["exencion"], message["revocada"]) == (
        *("exencion_terminada", longer, True),
    )


def test_what_ended_before_the_first_look_is_not_told(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    waive(told)
    end(told)
    look(told, times.now())
    look(told, times.now() + DAY)
    tell(line)
    assert kinds(receiver) == []
