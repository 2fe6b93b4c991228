"""What a receiver is told of violations: each transition once, in the order of its subject."""

from __future__ import annotations

from service.notify.line import Line
from service.times import DAY
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine
from tests.support.judged_fleet import Fleet


def kinds(receiver: HttpReceiver) -> list[str]:
    return [message.json()["tipo"] for message in receiver.taken]


def begin(told: ToldFleet, receiver: HttpReceiver, *lines: str) -> Line:
    """A receiver that was told at first that nothing is open."""
    told.report()
    line = told.listen(receiver.url, *lines)
    tell(line)
    receiver.taken.clear()
    return line


def test_a_violation_is_told_when_it_opens_and_when_it_is_resolved(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    opened = told.report("bad")
    tell(line)
    resolved = told.report()
    tell(line)
    first, second = (message.json() for message in receiver.taken)
    assert (first["tipo"], second["tipo"]) == ("abierta", "resuelta")
    assert first["politica"] == "a-rule"
    assert first["severidad"] == "alta"
    assert first["titulo"] == "t"
    assert (first["ip_server"], first["nombre_host"]) == ("10.0.0.1", "web-1")
    assert first["clave"] == {"name": "bad"}
    assert first["motivo"] == "bad 1"
    assert first["abierta_entre"][1]["id_serv"] == opened
    assert first["terminada"] is None
    assert second["terminada"]["id_serv"] == resolved
    assert second["caso"] == first["caso"] == first["violacion"]
    assert first["id"] != second["id"]
    assert first["id"] == receiver.taken[0].headers["x-compliance-id"]
    assert first["enlace"] is None


def test_without_receivers_nothing_is_noted(fleet: Fleet) -> None:
    fleet.add(3, "bad")
    fleet.judge()
    assert fleet.violations() != []
    assert engine.rows(fleet.config.database, "SELECT * FROM notice") == []


def test_what_opened_and_was_resolved_before_it_was_told_is_one_message(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    told.report("bad")
    told.report()
    tell(line)
    assert kinds(receiver) == ["abierta_y_resuelta"]


def test_what_ends_without_being_resolved_is_told_with_its_reason_and_goes_on_unannounced(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    told.report("bad")
    tell(line)
    text = told.fleet.rule.read_text().replace("version = 2", "version = 3")
    told.use(text.replace("name = 'bad'", "name = 'bad' AND 1"))
    tell(line)
    told.report("bad")
    tell(line)
    told.report()
    tell(line)
    assert kinds(receiver) == ["abierta", "cerrada", "resuelta"]
    assert receiver.taken[1].json()["fin"] == "regla_cambiada"
    assert len({message.json()["caso"] for message in receiver.taken}) == 1
    assert len({message.json()["violacion"] for message in receiver.taken}) == 2


def test_a_receiver_hears_what_it_wants_and_who_wants_no_resolved_hears_the_next_opening(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver, 'messages = ["abierta"]')
    told.report("bad")
    tell(line)
    told.report()
    told.report("bad")
    tell(line)
    assert kinds(receiver) == ["abierta", "abierta"]


def test_severities_and_patterns_of_rules_decide_what_a_receiver_is_told(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    address = f'url = "{receiver.url}"'
    told.write(
        f'one\nkind = "webhook"\n{address}\nseverities = ["critica"]',
        f'two\nkind = "webhook"\n{address}\nrules = ["b-*", "c*"]',
        f'three\nkind = "webhook"\n{address}\nrules = ["a-*"]',
    )
    for name in ("one", "two", "three"):
        tell(told.line(name))
    receiver.taken.clear()
    told.report("bad")
    for line in told.lines.values():
        tell(line)
    assert [message.json()["receptor"] for message in receiver.taken] == ["three"]


def test_the_third_opening_of_a_day_is_unstable_and_a_calm_day_later_one_message_says_what_is_so(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    for _ in range(5):
        told.report("bad")
        tell(line)
        told.report()
        tell(line)
    told.report("bad")
    tell(line)
    assert kinds(receiver) == ["abierta", "resuelta", "abierta", "resuelta", "inestable"]
    told.age(DAY)
    tell(line)
    last = receiver.taken[-1].json()
    assert (last["tipo"], last["tras_inestable"]) == ("abierta", True)
    assert last["id"] not in {message.json()["id"] for message in receiver.taken[:-1]}
    told.report()
    tell(line)
    assert kinds(receiver)[5:] == ["abierta", "resuelta"]


def test_a_late_report_that_shows_a_violation_is_told_as_such(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    told.report()
    told.fleet.add_late(498_500_000, "bad")
    told.judge()
    tell(line)
    assert kinds(receiver) == ["tardia"]


def test_within_the_grace_of_a_new_server_nothing_is_told_that_ends_before_it(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = begin(told, receiver)
    text = told.fleet.rule.read_text().replace("plazos = {  }", 'plazos = { gracia_nuevos = "1h" }')
    told.use(text.replace("version = 2", "version = 3"))
    for machine in ("m2", "m3"):
        told.report(machine=machine)
        told.report("bad", machine=machine)
    assert tell(line) == []
    told.report(machine="m2")
    tell(line)
    told.age()
    tell(line)
    assert kinds(receiver) == ["abierta"]
