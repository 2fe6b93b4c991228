"""Looks at what a service has kept, from outside: the database with SQLite, the archive as text."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from service.archive.read import DamagedLine, read_archive
from service.ingest.json_reader import read_json
from tests.support.live import LiveService


def open_database(live: LiveService) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{live.database}?mode=rw", uri=True, timeout=30))


def stored(live: LiveService) -> Counter[str]:
    """How often the database holds the report with this mark (in marca_proc, unique when sent)."""
    with open_database(live) as connection:
        return Counter(mark for (mark,) in connection.execute("SELECT marca_proc FROM servers"))


def archived(live: LiveService) -> Counter[str]:
    """How often the archive holds it. Every line must be whole and a document."""
    marks: Counter[str] = Counter()
    for line in read_archive(live.archive):
        assert not isinstance(line, DamagedLine), line
        marks[orjson.loads(line.raw)["marca_proc"]] += 1
    return marks


def archived_digests(folder: Path) -> set[bytes]:
    return {
        read_json(line.raw).digest
        for line in read_archive(folder)
        if not isinstance(line, DamagedLine)
    }


def assert_sound(live: LiveService) -> None:
    """The database is whole, the archive has only whole lines, and the first is in the second."""
    with open_database(live) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        digests = {digest for (digest,) in connection.execute("SELECT digest FROM report")}
    assert digests <= archived_digests(live.archive)
    assert archived(live).keys() >= stored(live).keys()


def assert_rows_are(live: LiveService, document: dict[str, Any]) -> None:
    """The relations hold exactly the rows of this report, which is known by its mark."""
    with open_database(live) as connection:
        ((id_serv, address),) = connection.execute(
            "SELECT id_serv, ipaddress FROM servers WHERE marca_proc = ?", (document["marca_proc"],)
        ).fetchall()
        processes = connection.execute(
            "SELECT pid, name, username FROM procesos WHERE id_serv = ?", (id_serv,)
        ).fetchall()
        logins = connection.execute(
            "SELECT pid, username FROM usuarios_activos WHERE id_serv = ?", (id_serv,)
        ).fetchall()
    assert address == document["ipaddress"]
    assert Counter(processes) == Counter(
        (row["pid"], row["name"], row["username"]) for row in document["procesos"]
    )
    assert Counter(logins) == Counter(
        (row["pid"], row["name"]) for row in document["usuarios_activos"]
    )
