"""/notificaciones and /avisos: what waits, what was sent and what was set aside, for admins."""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import replace

import jsonschema
import orjson
import pytest

from service.notify.dispatch import CALM, GATHERED, REMINDER
from service.notify.receivers import MESSAGES, read_receivers
from service.notify.sender import Sender
from service.project import SCHEMAS_FOLDER
from service.store.queries import load_queries
from tests.notify.asked import Api
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine
from tests.support.documentation import page as documentation

SCHEMA = orjson.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())


@pytest.fixture
def api(told: ToldFleet, receiver: HttpReceiver) -> Api:
    """A digest was sent, one opening refused for good, one waits after a failure; then another."""
    told.report()
    line = told.listen(receiver.url, 'language = "en"')
    tell(line)
    told.report("bad")
    told.report("bad", machine="m2")
    receiver.behaviours = [404, 503]
    tell(line)
    told.report("bad", machine="m3")
    line.take()
    return Api(told.fleet)


def states(api: Api, **query: str) -> list[tuple[str, str, str | None]]:
    return [(row["tipo"], row["estado"], row["error"]) for row in api.messages(**query)]


def test_the_list_says_what_waits_what_was_sent_and_what_was_set_aside_and_why(api: Api) -> None:
    assert states(api) == [
        ("abierta", "esperando", None),
        ("abierta", "esperando", "HTTP 503"),
        ("abierta", "fallido", "HTTP 404"),
        ("resumen", "enviado", None),
    ]
    answer = api.ask("GET", "/notificaciones")
    schema = SCHEMA["components"]["schemas"]["Notificaciones"]
    jsonschema.validate(answer.json, schema | {"components": SCHEMA["components"]})
    newest, tried = answer.json["notificaciones"][:2]
    assert (newest["politica"], newest["severidad"], newest["servidor"]) == ("a-rule", "alta", 3)
    assert (newest["titulo"], newest["intentos"], newest["intentada"]) == (None, 0, None)
    assert (tried["titulo"], tried["intentos"]) == ("[high] Violation: [es] t", 1)
    assert tried["prevista"] > tried["intentada"]
    (guard,) = answer.json["receptores"]
    assert (guard["destino"], guard["clase"], guard["esperan"]) == ("127.0.0.1", "webhook", 2)
    assert (guard["fallidas"], guard["error"], guard["fallos_seguidos"]) == (1, "HTTP 503", 1)


def test_filters_and_pages(api: Api) -> None:
    assert states(api, estado="fallido") == [("abierta", "fallido", "HTTP 404")]
    assert states(api, estado="enviado") == [("resumen", "enviado", None)]
    assert len(states(api, estado="esperando", receptor="guard")) == 2
    assert states(api, receptor="nobody") == []
    shown, path = [], "/notificaciones?limit=3"
    while path:
        address, _, query = path.partition("?")
        answer = api.ask("GET", address, **dict(pair.split("=") for pair in query.split("&")))
        shown += answer.json["notificaciones"]
        path = answer.json["siguiente"]
    assert shown == api.messages()
    csv = api.ask("GET", "/notificaciones", formato="csv").text.splitlines()
    assert csv[0] == ",".join(shown[0])
    assert len(csv) == 1 + len(shown)
    assert api.ask("GET", "/notificaciones", estado="perdido").status_code == 400


@pytest.mark.parametrize("path", ["/notificaciones", "/avisos"])
def test_readers_see_nothing_of_it(api: Api, path: str) -> None:
    assert api.ask("GET", path, "lectura").status_code == 403
    assert 'href="/avisos"' not in api.ask("GET", "/reglas", "lectura").text
    assert 'href="/avisos"' in api.ask("GET", "/reglas").text


@pytest.mark.parametrize(("language", "said"), [("en", "Set aside"), ("es", "Apartado")])
def test_the_page_says_it_in_both_languages_and_no_address(
    api: Api, language: str, said: str
) -> None:
    page = api.page(language=language)
    assert said in page
    assert "HTTP 503" in page
    assert "127.0.0.1" in re.sub("<[^>]+>", "", page)
    assert "[high] Violation: [es] t" in page
    shown = page + api.ask("GET", "/notificaciones").text
    assert "a-secret-path" not in shown
    assert page.count("HTTP 404") == 1
    assert "HTTP 404" not in api.page(language=language, estado="esperando")


def test_a_receiver_that_the_file_names_no_more_is_said_to_be_so(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.write(f'other\nkind = "webhook"\nurl = "{receiver.url}"')
    config = told.fleet.config
    database, receivers = told.fleet.database, read_receivers(told.file)
    stopped = threading.Event()
    stopped.set()
    Sender(database, load_queries(), receivers, config).run(stopped)
    found = api.ask("GET", "/notificaciones").json["receptores"]
    assert ("guard", None, 2) in [(r["receptor"], r["destino"], r["esperan"]) for r in found]
    assert "not in the file any more" in api.page()


def test_a_sender_that_does_not_run_is_told(api: Api, told: ToldFleet) -> None:
    config = told.fleet.config
    assert api.ask("GET", "/notificaciones").json["remitente"] == "parado"
    assert "Nobody is told now." in api.page()
    config.sender_lock.touch()
    assert api.ask("GET", "/notificaciones").json["remitente"] == "activo"
    assert "Nobody is told" not in api.page()
    os.utime(config.sender_lock, (time.time() - 200,) * 2)
    assert api.ask("GET", "/notificaciones").json["remitente"] == "parado"


def test_a_sender_leaves_word_while_none_of_its_receivers_hangs(
    told: ToldFleet, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.listen(receiver.url)
    lock = told.fleet.config.sender_lock
    lock.touch()
    monkeypatch.setattr("service.notify.sender._WORD_SECONDS", 0.01)

    def heard() -> bool:
        """Whether a sender leaves word while it runs for a moment."""
        os.utime(lock, (1, 1))
        receivers = read_receivers(told.file)
        sender = Sender(told.fleet.database, load_queries(), receivers, told.fleet.config)
        stopped = threading.Event()
        threading.Timer(0.2, stopped.set).start()
        sender.run(stopped)
        return lock.stat().st_mtime > 1

    assert heard()
    monkeypatch.setattr("service.notify.sender._HANGS_SECONDS", -1.0)
    assert not heard()


def test_without_a_file_of_receivers_nobody_is_told(told: ToldFleet) -> None:
    told.fleet.config = replace(told.fleet.config, notify=None)
    api = Api(told.fleet)
    assert api.ask("GET", "/notificaciones").json["remitente"] == "sin_receptores"
    assert "names no file of receivers" in api.page()


def test_every_kind_of_message_is_described_and_has_words(api: Api, told: ToldFleet) -> None:
    described = SCHEMA["components"]["schemas"]["Notificaciones"]["properties"]
    kinds = set(described["notificaciones"]["items"]["properties"]["tipo"]["enum"])
    assert kinds == {*MESSAGES, CALM, GATHERED, REMINDER}
    for kind in sorted(kinds):
        engine.execute(told.fleet.config.database, "UPDATE message SET kind = ?", (kind,))
        assert f"1. {kind}" not in api.page(language="en")


@pytest.mark.usefixtures("api")
def test_the_documentation_lists_every_state_of_a_message(told: ToldFleet) -> None:
    text = documentation("service/notify/README.md")
    rows = engine.rows(told.fleet.config.database, "SELECT DISTINCT state FROM message")
    assert all(f"`{state}`" in text for (state,) in rows)
    assert len(rows) == 3


def test_readyz_counts_what_should_have_left_and_what_was_set_aside(
    api: Api, told: ToldFleet, receiver: HttpReceiver
) -> None:
    database = told.fleet.config.database
    engine.execute(database, "UPDATE message SET made_at = made_at - 60000000, not_before = 0")
    found = api.ask("GET", "/readyz").json["avisos"]
    assert 60 <= found.pop("retraso") < 120
    assert found == {"remitente": "parado", "esperan": 2, "apartados": 1}
    later = "UPDATE message SET not_before = 4102444800000000 WHERE attempts = 0"
    engine.execute(database, later)  # quiet hours
    assert api.ask("GET", "/readyz").json["avisos"]["esperan"] == 1
    engine.execute(database, "UPDATE receiver SET place = NULL")
    nobody = {"remitente": "parado", "esperan": 0, "retraso": 0, "apartados": 0}
    assert api.ask("GET", "/readyz").json["avisos"] == nobody
    assert receiver.url not in api.ask("GET", "/readyz").text
