"""Tags of servers: as they are told, as they were known at a moment, and without a false word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.auth.audit_log import AuditLog
from service.errors import (
    InvalidParameterError,
    ServerNotFoundError,
    StorageUnavailableError,
    TagNotFoundError,
)
from service.report import Profile, Report
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.tags import TagStore
from service.store.tag_format import MOST_A_SERVER, WantedTag, wanted_tag
from service.store.write.reports import ReportStore
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import DAY
from tests.support.engine import Engine

NOW = 1000 * DAY


class Tagged:
    """Two servers, told of by a clock of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.now = engine, NOW
        self.database = engine.migrated()
        self.audit = AuditLog(folder / "audit.jsonl")
        queries = load_queries()
        self.changes = TagChanges(self.database, queries, self.audit, lambda: self.now)
        self.tags = TagStore(self.database, queries)
        store = ReportStore(self.database, queries)
        for number in (1, 2):
            profile = Profile(f"10.0.0.{number}", "x86_64", "Intel", "Linux", "12")
            store.add(Report(NOW - DAY, profile, [], [], b"%d" % number), NOW - DAY)

    def set(self, server: int, key: str, value: str | None, since: int | None = None) -> int:
        return self.changes.tell([TagEdit(server, key, value, since)], "ana")

    def of(self, server: int, at: int | None = None, known_at: int | None = None) -> dict[str, str]:
        moment = None if at is None else Moment(at, known_at)
        return {tag.key: tag.value for tag in self.tags.of_server(server, moment)}


@pytest.fixture
def tagged(engine: Engine, tmp_path: Path) -> Iterator[Tagged]:
    made = Tagged(engine, tmp_path)
    with closing(made.database):
        yield made


def test_a_tag_is_a_span_from_when_it_was_told(tagged: Tagged) -> None:
    tagged.set(1, "entorno", "produccion")
    tagged.now += DAY
    tagged.set(1, "entorno", "pruebas")
    tagged.now += DAY
    tagged.set(1, "entorno", None)
    assert [tagged.of(1, NOW + at) for at in (-1, 0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY)] == [
        {},
        {"entorno": "produccion"},
        {"entorno": "produccion"},
        {"entorno": "pruebas"},
        {"entorno": "pruebas"},
        {},
    ]
    assert (tagged.of(1), tagged.of(2)) == ({}, {})
    spans = [(s.tag.value, s.tag.told_at, s.until_at) for s in tagged.tags.spans(1)]
    assert spans == [("pruebas", NOW + DAY, NOW + 2 * DAY), ("produccion", NOW, NOW + DAY)]


def test_a_backdated_tag_changes_no_answer(tagged: Tagged) -> None:
    tagged.set(1, "entorno", "produccion", since=NOW - 30 * DAY)
    assert tagged.of(1, NOW - DAY) == {}
    assert tagged.of(1, NOW + DAY, known_at=NOW - 1) == {}
    (tag,) = tagged.tags.of_server(1)
    assert (tag.since_at, tag.told_at, tag.told_by) == (NOW - 30 * DAY, NOW, "ana")


def test_times_rise_even_if_our_clock_steps_back(tagged: Tagged) -> None:
    tagged.set(1, "rol", "web")
    tagged.now -= DAY
    tagged.set(1, "rol", "bd")
    assert tagged.of(1) == {"rol": "bd"}
    assert [span.tag.told_at for span in tagged.tags.spans(1)] == [NOW + 1, NOW]


def test_what_is_so_already_is_no_change(tagged: Tagged) -> None:
    assert (tagged.set(1, "rol", "web"), tagged.set(1, "rol", "web")) == (1, 0)
    assert tagged.set(1, "rol", "web", since=NOW - DAY) == 1  # another date was told
    assert len(tagged.audit.path.read_text(encoding="utf-8").splitlines()) == 2


def test_all_changes_are_made_or_none(tagged: Tagged) -> None:
    edits = [TagEdit(1, "rol", "web"), TagEdit(2, "rol", None)]
    with pytest.raises(TagNotFoundError):
        tagged.changes.tell(edits, "ana")
    assert tagged.of(1) == {}
    assert not tagged.audit.path.exists()


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (TagEdit(7, "rol", "web"), ServerNotFoundError),
        (TagEdit(1, "Rol", "web"), InvalidParameterError),
        (TagEdit(1, "a=b", "web"), InvalidParameterError),
        (TagEdit(1, "", "web"), InvalidParameterError),
        (TagEdit(1, "rol", ""), InvalidParameterError),
        (TagEdit(1, "rol", " web"), InvalidParameterError),
        (TagEdit(1, "rol", "a\nb"), InvalidParameterError),
        (TagEdit(1, "rol", "x" * 201), InvalidParameterError),
        (TagEdit(1, "rol", "web", NOW + 1), InvalidParameterError),
        (TagEdit(1, "rol", None), TagNotFoundError),
    ],
)
def test_what_is_no_tag_is_refused(tagged: Tagged, edit: TagEdit, error: type[Exception]) -> None:
    with pytest.raises(error):
        tagged.changes.tell([edit], "ana")


def test_a_server_has_a_bounded_number_of_tags(tagged: Tagged) -> None:
    edits = [TagEdit(1, f"k{number}", "x") for number in range(MOST_A_SERVER + 1)]
    with pytest.raises(InvalidParameterError):
        tagged.changes.tell(edits, "ana")
    assert tagged.changes.tell(edits[:-1], "ana") == MOST_A_SERVER


def test_without_an_entry_of_the_audit_log_nothing_changes(tagged: Tagged) -> None:
    tagged.audit.path.mkdir()
    with pytest.raises(StorageUnavailableError):
        tagged.set(1, "rol", "web")
    assert tagged.of(1) == {}


def test_each_change_is_an_entry_that_names_the_server(tagged: Tagged) -> None:
    tagged.set(2, "rol", "web", since=NOW - DAY)
    tagged.set(2, "rol", None)
    first, second = map(json.loads, tagged.audit.path.read_text(encoding="utf-8").splitlines())
    assert {name: first[name] for name in ("hecho", "servidor", "clave", "valor", "by")} == {
        "hecho": "tag set",
        "servidor": "ip:10.0.0.2",
        "clave": "rol",
        "valor": "web",
        "by": "ana",
    }
    assert first["desde"] < first["dicha"]
    assert (second["hecho"], second["valor"]) == ("tag removed", None)


def test_a_filter_names_a_key_or_a_value() -> None:
    assert wanted_tag("entorno") == WantedTag("entorno", None)
    assert wanted_tag("nota=a=b c") == WantedTag("nota", "a=b c")
    for wrong in ("", "=x", "entorno=", "Entorno=x"):
        with pytest.raises(InvalidParameterError):
            wanted_tag(wrong)
