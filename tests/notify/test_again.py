"""A message that is sent again is marked, and says what is so now beside what was so."""

from __future__ import annotations

import pytest

from service.commands.operator import operator
from tests.notify.asked import Api
from tests.notify.receiver import HttpReceiver
from tests.notify.test_sender import run
from tests.notify.told import ToldFleet, tell
from tests.support import engine


@pytest.fixture
def api(told: ToldFleet, receiver: HttpReceiver) -> Api:
    """Message 1: that nothing is open; 2: that a violation opened."""
    told.report()
    line = told.listen(receiver.url, 'language = "en"')
    tell(line)
    told.report("bad")
    tell(line)
    return Api(told.fleet)


def again(api: Api, number: int = 2) -> int:
    answer = api.ask("POST", f"/notificaciones/{number}/reenvio")
    assert answer.status_code == 202, answer.text
    made: int = answer.json["numero"]
    return made


def test_it_says_what_is_so_now_beside_what_was_so(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    number = again(api)
    tell(told.line())
    opened, repeat = (message.json() for message in receiver.taken[1:])
    assert repeat["tipo"] == opened["tipo"] == "abierta"
    assert repeat["repite"] == opened["id"] != repeat["id"]
    assert repeat["antes"] == {
        "hecha": api.messages()[1]["hecha"],
        "titulo": "[high] Violation: [es] t",
    }
    assert repeat["ahora"]["estado"] == "abierta"
    assert repeat["texto"].startswith("Sent again: [high] Violation: [es] t")
    assert {name: repeat[name] for name in opened.keys() - {"id", "texto"}} == {
        name: opened[name] for name in opened.keys() - {"id", "texto"}
    }
    shown = api.messages()[0]
    assert (shown["numero"], shown["estado"], shown["repite"]) == (
        number,
        "enviado",
        opened["id"],
    )
    resolved = told.report()
    line = told.line()
    tell(line)
    again(api, number)  # a repetition of a repetition repeats the first
    tell(line)
    last = receiver.taken[-1].json()
    assert last["repite"] == opened["id"]
    assert (last["ahora"]["estado"], last["ahora"]["fin"]) == ("cerrada", "resuelta")
    assert last["evaluado_hasta"] is not None
    (ended,) = engine.rows(
        told.fleet.config.database, "SELECT fecha_hora FROM servers WHERE id_serv = ?", (resolved,)
    )[0]
    assert last["ahora"]["en"] == ended
    told.report("bad")
    again(api)  # another violation of the same key
    tell(line)
    assert receiver.taken[-2].json()["ahora"]["estado"] == "abierta"


def test_what_cannot_be_known_now_is_unknown(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    database = told.fleet.config.database
    again(api)
    engine.execute(
        database,
        "INSERT INTO verdict_span (server_id, text_id, state, reason, first_at, first_received_at)"
        " SELECT server_id, text_id, 'desconocido', 'silencio', 1, 1 FROM violation",
    )
    tell(told.line())
    assert receiver.taken[-1].json()["ahora"]["estado"] == "desconocida"
    again(api)
    for table in ("verdict_span", "late_sighting", "violation"):
        engine.execute(database, f"DELETE FROM {table}")
    tell(told.line())
    assert receiver.taken[-1].json()["ahora"] == {"estado": "no_consta", "fin": None, "en": None}


def test_a_digest_is_sent_as_one_of_now(api: Api, told: ToldFleet, receiver: HttpReceiver) -> None:
    again(api, 1)
    tell(told.line())
    first, repeat = receiver.taken[0].json(), receiver.taken[-1].json()
    assert (first["total"], repeat["total"]) == (0, 1)
    assert repeat["tipo"] == "resumen"
    assert repeat["antes"]["titulo"].endswith("Nothing is open.")
    assert repeat["repite"] == first["id"]


def test_a_digest_of_changes_says_of_each_what_is_so_now(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    line = told.listen(receiver.url, "most_a_minute = 1")
    tell(line)
    for machine in ("n1", "n2"):
        told.report("bad", machine=machine)
    tell(line)
    told.report(machine="n1")
    tell(line)
    api = Api(told.fleet)
    (digest,) = (row for row in api.messages() if row["tipo"] == "acumulado")
    again(api, digest["numero"])
    tell(line)
    repeat = receiver.taken[-1].json()
    assert [entry["ahora"]["estado"] for entry in repeat["mensajes"]] == ["cerrada", "abierta"]


def test_it_changes_nothing_of_what_else_a_receiver_hears(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    line = told.line()
    assert again(api) == again(api)  # it waits already
    assert len(api.audited("message sent again")) == 1
    told.report()
    line.take()  # ends what was told, and is no part of the repetition
    tell(line)
    told.report("bad")
    tell(line)
    kinds = [message.json()["tipo"] for message in receiver.taken]
    assert sorted(kinds[2:4]) == ["abierta", "resuelta"]
    assert kinds[4:] == ["abierta"]
    receiver.behaviours = [404]
    again(api)
    tell(line)
    assert api.messages()[0]["estado"] == "fallido"
    told.report()
    tell(line)
    tell(line)
    assert [m.json()["tipo"] for m in receiver.taken[5:]] == ["resuelta"]  # no digest of losses


def test_neither_quiet_hours_nor_a_storm_holds_it_back(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    all_day = 'quiet = { from = "00:00", to = "23:59:59.999999", zone = "UTC" }'
    line = told.listen(receiver.url, all_day, "most_a_minute = 1")
    again(api)
    again(api, 1)
    tell(line)
    assert len(receiver.taken) == 4
    assert all(message.json().get("razon") != "acumulado" for message in receiver.taken)


@pytest.mark.parametrize(
    ("change", "number", "refused"),
    [
        ("SELECT 1", 99, (404, "there is no message 99")),
        ("UPDATE message SET state = 'esperando'", 2, (409, "message 2 waits")),
        ("UPDATE receiver SET place = NULL", 2, (409, "does not name guard any more")),
    ],
)
def test_what_cannot_be_sent_again_is_refused(
    api: Api, told: ToldFleet, change: str, number: int, refused: tuple[int, str]
) -> None:
    engine.execute(told.fleet.config.database, change)
    answer = api.ask("POST", f"/notificaciones/{number}/reenvio")
    status, said = refused
    assert (answer.status_code, said in answer.json["detail"]) == (status, True)
    assert api.send("/avisos", {"mensaje": str(number)}).status_code == status
    assert api.audited("message sent again") == []


def test_the_page_has_a_form_that_only_this_service_can_send(api: Api) -> None:
    assert api.page().count('name="mensaje" value="2"') == 1
    assert api.send("/avisos", {"mensaje": "2"}, "lectura").status_code == 403
    elsewhere = api.send("/avisos", {"mensaje": "2"}, Origin="http://evil.example")
    assert elsewhere.status_code == 401
    for fields in ({}, {"mensaje": "x"}, {"mensaje": "2", "receptor": "a"}, {"mensaje": "0"}):
        assert api.send("/avisos", fields).status_code == 400
    assert api.audited("message sent again") == []
    answer = api.send("/avisos", {"mensaje": "2"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/avisos")
    (entry,) = api.audited("message sent again")
    assert (entry["mensaje"], entry["receptor"], entry["token"]) == (2, "guard", 1)
    assert 'name="mensaje" value="3"' not in api.page()  # it waits


def test_the_command_sends_again(api: Api, told: ToldFleet) -> None:
    data = told.fleet.config.data
    done = run("service", "notify", "again", "2", data=data, receivers=told.file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "message 3 repeats message 2; the sender sends it\n"
    (entry,) = api.audited("message sent again")
    assert entry["by"] == operator()
    done = run("service", "notify", "again", "9", data=data, receivers=told.file)
    assert done.returncode == 1
    assert "there is no message 9" in done.stderr


def test_chat_and_mail_say_it_in_words(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report()
    told.write(f'chat\nkind = "slack"\nurl = "{receiver.url}"')
    line = told.line("chat")
    tell(line)
    told.report("bad")
    tell(line)
    again(Api(told.fleet))
    tell(line)
    texts = str(receiver.taken[-1].json()["blocks"])
    assert "Reenviado: [alta] Incumplimiento: t" in texts
    assert "antes, en el mensaje del" in texts
    assert "ahora: abierto desde" in texts
