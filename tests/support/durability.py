"""Inspects a service from outside: the database with an SQL client, the archive as text."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from service.archive.read import DamagedLine, read_archive
from service.ingest.json_reader import read_json
from service.store.engines import open_database
from tests.support.live import LiveService


def stored(live: LiveService) -> Counter[str]:
    """How often the database holds the report with this mark (in marca_proc, unique when sent)."""
    return Counter(mark for (mark,) in live.rows("SELECT marca_proc FROM servers"))


def archived(live: LiveService) -> Counter[str]:
    """How often the archive holds each mark. Every line must be a complete document."""
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
    """The database is undamaged, the archive has complete lines only and every stored report."""
    with closing(open_database(live.database)) as database, database.snapshot() as connection:
        assert database.find_damage(connection) == []
    digests = {digest for (digest,) in live.rows("SELECT digest FROM report")}
    assert digests <= archived_digests(live.archive)
    assert archived(live).keys() >= stored(live).keys()


def assert_rows_are(live: LiveService, document: dict[str, Any]) -> None:
    """The relations hold exactly the rows of this report, which is known by its mark."""
    ((id_serv, address),) = live.rows(
        "SELECT id_serv, ipaddress FROM servers WHERE marca_proc = ?", (document["marca_proc"],)
    )
    processes = live.rows("SELECT pid, name, username FROM procesos WHERE id_serv = ?", (id_serv,))
    logins = live.rows("SELECT pid, username FROM usuarios_activos WHERE id_serv = ?", (id_serv,))
    assert address == document["ipaddress"]
    assert Counter(processes) == Counter(
        (row["pid"], row["name"], row["username"]) for row in document["procesos"]
    )
    assert Counter(logins) == Counter(
        (row["pid"], row["name"]) for row in document["usuarios_activos"]
    )
