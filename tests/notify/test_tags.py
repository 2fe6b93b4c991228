"""A receiver with tags hears only of servers that have them at the transition."""

from __future__ import annotations

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.notify.tag_watch import TagWatch
from service.store.queries import load_queries
from service.store.read.tags import Told
from service.store.tag_format import wanted_tag
from service.store.write.resending import Resending
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine

PRODUCTION = 'tags = ["entorno=produccion"]'


def tag(told: ToldFleet, machine: str, value: str | None, *, key: str = "entorno") -> None:
    """The tag is told just after the last report arrived."""
    database = told.fleet.config.database
    ((server_id,),) = engine.rows(
        database, "SELECT id FROM server WHERE identity = ?", (f"id:{machine}",)
    )
    ((heard_at,),) = engine.rows(database, "SELECT max(heard_at) FROM server")
    audit_log = AuditLog(told.fleet.config.audit_log)
    changes = TagChanges(told.fleet.database, load_queries(), audit_log, lambda: heard_at + 1000)
    changes.tell([TagEdit(server_id, key, value)], "ana")
    told.judge()


def heard(receiver: HttpReceiver) -> list[tuple[str, int | None]]:
    """Kinds of messages, and the servers that they are about, or how many entries they have."""
    taken = [message.json() for message in receiver.taken]
    receiver.taken.clear()
    return [(each["tipo"], each.get("servidor", each.get("total"))) for each in taken]


def test_it_hears_of_servers_with_the_tag_alone(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report(machine="m1")
    told.report(machine="m2")
    tag(told, "m1", "produccion")
    tag(told, "m2", "pruebas")
    tell(told.listen(receiver.url, PRODUCTION))
    assert heard(receiver) == [("resumen", 0)]
    line = told.lines["guard"]
    told.report("bad", machine="m2")
    told.report("bad", machine="m1")
    tell(line)
    assert heard(receiver) == [("abierta", 1)]
    told.report(machine="m2")
    told.report(machine="m1")
    tell(line)
    assert heard(receiver) == [("resuelta", 1)]


def test_the_tags_are_those_of_the_transition(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report(machine="m1")
    tag(told, "m1", "produccion")
    line = told.listen(receiver.url, PRODUCTION)
    tell(line)
    heard(receiver)
    told.report("bad", machine="m1")
    tag(told, "m1", "pruebas")  # before the sender looked
    tell(line)
    assert heard(receiver) == [("abierta", 1)]
    told.report(machine="m1")
    tell(line)
    assert heard(receiver) == [("resuelta", 1)]  # it was told that it opened


def test_what_is_open_on_a_server_that_is_given_the_tag_is_told_once(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report(machine="m1")
    line = told.listen(receiver.url, PRODUCTION)
    tell(line)
    told.report("bad", machine="m1")
    tell(line)
    assert heard(receiver) == [("resumen", 0)]
    tag(told, "m1", "web", key="rol")
    tell(line)
    assert heard(receiver) == []
    tag(told, "m1", "produccion")
    tell(line)
    assert heard(receiver) == [("resumen", 1)]
    tag(told, "m1", "x", key="nota")
    tell(line)
    tell(told.line())  # a sender that starts anew
    assert heard(receiver) == []
    tag(told, "m1", None)
    told.report(machine="m1")
    tell(line)
    assert heard(receiver) == [("resuelta", 1)]


def test_one_that_asks_for_fewer_tags_hears_more(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report("bad", machine="m1")
    tag(told, "m1", "pruebas")
    expected: tuple[list[tuple[str, int]], ...] = [("resumen", 0)], [], [("resumen", 1)], []
    for tags, messages in zip(
        (PRODUCTION, 'tags = ["entorno=produccion", "rol"]', 'tags = ["entorno"]', PRODUCTION),
        expected,
        strict=True,
    ):
        tell(told.listen(receiver.url, tags))
        assert heard(receiver) == messages, tags


@pytest.mark.parametrize(
    ("wanted", "bears"),
    [
        ([], True),
        (["entorno"], True),
        (["entorno=produccion"], True),
        (["entorno=pruebas"], False),
        (["entorno", "rol"], False),
    ],
)
def test_a_server_must_have_all_tags(told: ToldFleet, wanted: list[str], bears: bool) -> None:
    told.report(machine="m1")
    tag(told, "m1", "produccion")
    watch = TagWatch(load_queries(), [wanted_tag(each) for each in wanted])
    with told.fleet.database.snapshot() as connection:
        assert watch.bears(connection, 1, Told()) is bears
        assert watch.bears(connection, None, Told()) is True  # the evaluator is no server
        before = Told(told_until=times.now() - 10_000 * SECOND)
        assert watch.bears(connection, 1, before) is (not wanted)


def test_heartbeats_and_digests_sent_again_count_servers_with_the_tag_alone(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    for machine in ("m1", "m2", "m3"):
        told.report("bad", machine=machine)
    tag(told, "m1", "produccion")
    told.fleet.config.evaluator_lock.touch()
    line = told.listen(receiver.url, PRODUCTION, 'latido = "1h"')
    tell(line)
    beat = receiver.taken[0].json()
    assert (beat["tipo"], beat["abiertas"]) == ("latido", 1)
    audit_log = AuditLog(told.fleet.config.audit_log)
    Resending(told.fleet.database, load_queries(), audit_log).again(1, {"by": "ana"})
    receiver.taken.clear()
    tell(line)
    assert heard(receiver) == [("resumen", 1)]
