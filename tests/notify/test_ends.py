"""A violation that ends without being repaired is told with its reason, whatever that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.times import MINUTE, SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.servers import Servers
from tests.support.judged_field import START, Field, Telling

OTHERS = ("a-rule", "h-rule", "d-rule")


@pytest.fixture
def failing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: HttpReceiver
) -> Iterator[Servers]:
    """A server in production that fails by t-rule, of production alone; that was told."""
    field = Field(tmp_path, monkeypatch, with_tags=True)
    made = Servers(field, receiver)
    with closing(field.database), closing(made):
        made.adjust("".join(f"[{rule}]\nactiva = false\n" for rule in OTHERS))
        rule = field.config.data / "rules" / "t-rule.sql"
        text = rule.read_text(encoding="utf-8")
        assert ', gracia_nuevos = "24h"' in text
        rule.write_text(text.replace(', gracia_nuevos = "24h"', ""), encoding="utf-8")
        made.begin()
        made.report(MINUTE)
        tag(made, 2 * MINUTE, "produccion")
        for minute in (3, 4):
            made.report(minute * MINUTE, "bad")
        assert made.tell() == ["abierta"]
        assert receiver.taken[0].json()["politica"] == "t-rule"
        yield made


def tag(servers: Servers, at: int, value: str | None) -> None:
    servers.field.now = START + at
    servers.field.tell(Telling(START + at, "m0", value))
    servers.pass_until(at + 2 * SECOND)


def closed(servers: Servers) -> dict[str, Any]:
    """The one message that is told."""
    assert servers.tell() == ["cerrada"]
    message = servers.receiver.taken[0].json()
    assert message["terminada"] is not None
    result: dict[str, Any] = message
    return result


def test_a_rule_that_does_not_apply_any_more(failing: Servers) -> None:
    tag(failing, 5 * MINUTE, "pruebas")
    message = closed(failing)
    assert message["fin"] == "dejo_de_aplicar"
    assert message["terminada"]["marca"].startswith("etiqueta")
    assert "la regla dejó de aplicarse" in message["texto"]


def test_a_server_that_is_retired(failing: Servers) -> None:
    failing.retire(5 * MINUTE)
    message = closed(failing)
    assert message["fin"] == "retirado"
    assert message["terminada"]["marca"].startswith("baja ")
    assert "el servidor se retiró" in message["texto"]
    failing.report(10 * MINUTE, "bad")
    assert failing.tell() == ["reactivado"]  # what goes on is unannounced


def test_a_rule_that_is_retired(failing: Servers) -> None:
    off = "".join(f"[{rule}]\nactiva = false\n" for rule in (*OTHERS, "t-rule"))
    failing.adjust(off)
    failing.field.now += MINUTE
    failing.restart()
    message = closed(failing)
    assert message["fin"] == "regla_retirada"
    assert "la regla se retiró" in message["texto"]


def test_a_rule_whose_text_changes(failing: Servers) -> None:
    rule = failing.field.config.data / "rules" / "t-rule.sql"
    text = rule.read_text(encoding="utf-8").replace("version = 2", "version = 3")
    rule.write_text(text.replace("name = 'bad'", "name = 'bad' AND 1"), encoding="utf-8")
    failing.field.now += MINUTE
    failing.restart()
    message = closed(failing)
    assert message["fin"] == "regla_cambiada"
    assert "la regla cambió" in message["texto"]
