"""POST and DELETE of /exenciones: who may, what is refused, and what nobody can date back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.store.engines import open_database
from service.times import DAY
from tests.support.waived import START, WaivedApi


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaivedApi]:
    made = WaivedApi(tmp_path, monkeypatch)
    with closing(made.database):
        yield made


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"servidor": 1, "hasta": "2026-03-01T10:00"}, "hasta: expected a time after"),
    ({"servidor": 1, "hasta": "2026-02-28"}, "hasta: expected a time after"),
    ({"servidor": 1, "hasta": "2027-04-05"}, "hasta: expected 2027-04-05 10:01"),
    ({"servidor": 1, "hasta": "2026-03-02T10:00:30"}, "hasta: expected a whole minute"),
    ({"servidor": 1, "hasta": "9999-12-31"}, "hasta: expected 2027"),
    ({"servidor": 1, "hasta": "soon"}, "hasta: expected a date"),
    ({"servidor": 1, "hasta": None}, "/hasta: expected a text"),
    ({"servidor": 1, "motivo": " "}, "motivo: expected why"),
    ({"servidor": 1, "motivo": "a\nb"}, "motivo: expected why"),
    ({"servidor": 1, "motivo": "x" * 501}, "motivo: expected why"),
    ({"servidor": 1, "politica": "nothing"}, "politica: no rule with id 'nothing'"),
    ({}, "servidor: expected one of"),
    ({"servidor": 1, "red": "10.0.0.0/8"}, "servidor: expected one of"),
    ({"servidor": True}, "/servidor: expected the number"),
    ({"servidor": 0}, "/servidor: expected the number"),
    ({"servidor": 2**63}, "/servidor: expected the number"),
    ({"servidor": 1.5}, "/servidor: expected the number"),
    ({"red": "10.0.0.1/8"}, "red: expected a network"),
    ({"red": "fe80::%eth0/64"}, "red: expected a network"),
    ({"etiqueta": "entorno"}, "etiqueta: expected a tag with its value"),
    ({"servidor": 1, "clave": {}}, "clave: expected values of columns of the rule: name"),
    ({"servidor": 1, "clave": {"pid": 1}}, "clave: expected values of columns of the rule"),
    ({"servidor": 1, "clave": {"name": ["x"]}}, "clave: name: expected a text"),
    ({"servidor": 1, "clave": {"name": "x" * 5000}}, "clave: expected at most"),
    ({"servidor": 1, "desde": "2026-02-01"}, "expected an object such as"),
    ({"servidor": 1, "dicha": "2026-02-01"}, "expected an object such as"),
]


def test_what_is_wrong_is_named_and_nothing_is_told(api: WaivedApi) -> None:
    for members, expected in WRONG:
        answer = api.waive(**members)
        assert (answer.status_code, answer.json["detail"][: len(expected)]) == (400, expected)
    assert api.waivers() == []
    assert api.entries() == []


def test_an_unknown_server_is_not_found(api: WaivedApi) -> None:
    assert api.waive(servidor=9).status_code == 404


def test_the_longest_one_is_told(api: WaivedApi) -> None:
    api.waived(servidor=1, hasta="2027-04-05T10:01")


def test_only_administrators_tell_and_revoke(api: WaivedApi) -> None:
    api.waived(servidor=1)
    for method, path in (("POST", "/exenciones"), ("DELETE", "/exenciones/1")):
        assert api.ask(method, path, {}, "lectura").status_code == 403
    assert api.ask("GET", "/exenciones", scope="lectura").status_code == 200


def test_a_clock_that_was_set_back_dates_nothing_back(api: WaivedApi) -> None:
    first = api.waived(servidor=1)
    told = api.waivers()[0]["dicha"]
    api.now = START - DAY
    assert api.marks()[1, "xmrig"] == first
    second = api.waived(servidor=2, hasta="2026-03-02")
    assert second > first
    assert api.waivers()[0]["dicha"] > told
    assert api.marks()[2, "xmrig"] == second
    api.ask("DELETE", f"/exenciones/{second}")
    assert api.marks()[2, "xmrig"] is None
    row = api.waivers()[0]
    assert row["revocada"] > row["dicha"]


def test_a_first_waiver_is_after_the_newest_record(api: WaivedApi) -> None:
    api.now = START - DAY
    api.waived(servidor=1)
    assert api.waivers()[0]["dicha"] > times.to_text(START)


def test_a_key_of_a_rule_that_reads_command_lines_is_for_administrators(api: WaivedApi) -> None:
    api.database.close()
    with closing(open_database(api.config.database)) as database, database.transaction() as open_:
        open_.execute("UPDATE policy_text SET command_lines = 1")
    number = api.waived(servidor=1, clave={"name": "hunter2"})
    for scope, clave, hidden in (
        ("admin", {"name": "hunter2"}, False),
        ("lectura", None, True),
    ):
        answers = [
            api.ask("GET", "/exenciones", scope=scope).json["exenciones"][0],
            api.ask("GET", f"/exenciones/{number}", scope=scope).json,
        ]
        assert [(row["clave"], row["reservada"]) for row in answers] == [(clave, hidden)] * 2
    assert "hunter2" not in api.ask("GET", "/exenciones", scope="lectura", formato="csv").text


def test_hostile_text_of_a_key_is_kept_as_it_is(api: WaivedApi) -> None:
    hostile = "'; DROP TABLE waiver; --\u202e<script>\x1b[31m\"\\"
    number = api.waived(servidor=1, clave={"name": hostile})
    assert api.waivers()[0]["clave"] == {"name": hostile}
    assert api.state(number) == ("ociosa", 0, 0)
