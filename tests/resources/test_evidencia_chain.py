"""What a pack of evidence says of the archive, its chain, and the audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.archive.chain import parse_link
from service.maintenance.sealing import seal
from tests.support import engine
from tests.support.exporting import Exporting
from tests.support.tokens import make_token


@pytest.fixture
def exporting(tmp_path: Path) -> Iterator[Exporting]:
    made = Exporting(tmp_path / "var")
    with closing(made.database):
        yield made


def test_a_pack_cites_the_links_that_cover_its_lines(exporting: Exporting) -> None:
    exporting.seal()
    _, files = exporting.pack("/servers/2/evidencia")
    (cited,) = json.loads(files["manifiesto.json"])["cadena"]
    link = parse_link(files["cadena/eslabon-1.txt"].decode())
    assert (cited["eslabon"], cited["lineas"]) == (link.digest, [1, 3])
    assert cited["sha256"] == hashlib.sha256(files["archivo.jsonl"]).hexdigest()
    assert (cited["coincide"], cited["tarde"]) == (True, False)
    assert "WARNING" not in files["LEEME.txt"].decode()


def test_a_pack_says_that_the_archive_is_not_as_the_links_fixed_it(exporting: Exporting) -> None:
    exporting.seal()
    (archive,) = exporting.config.archive.glob("*.jsonl")
    first, *others = archive.read_bytes().splitlines(keepends=True)
    archive.write_bytes(b"".join([first.replace(b"python", b"pythom"), *others]))
    _, files = exporting.pack("/servers/3/evidencia")
    (cited,) = json.loads(files["manifiesto.json"])["cadena"]
    assert cited["coincide"] is False
    assert "WARNING: the archive is not as the cited links" in files["LEEME.txt"].decode()


def test_a_pack_says_that_lines_are_gone_and_cites_the_links_of_their_day(
    exporting: Exporting,
) -> None:
    exporting.seal()
    (archive,) = exporting.config.archive.glob("*.jsonl")
    archive.unlink()
    _, files = exporting.pack("/servers/2/evidencia")
    manifest = json.loads(files["manifiesto.json"])
    assert (manifest["lineas"], manifest["sin_linea"]) == ([], [2, 1, 3])
    assert [cited["coincide"] for cited in manifest["cadena"]] == [False]
    assert "the lines of the records 2, 1, 3 " in files["LEEME.txt"].decode()


def test_a_pack_says_that_a_line_came_to_a_day_that_was_closed(exporting: Exporting) -> None:
    exporting.seal()
    exporting.post(3)
    seal(exporting.config, exporting.database, times.now() + 3 * times.DAY)
    _, files = exporting.pack("/servers/4/evidencia")
    cited = json.loads(files["manifiesto.json"])["cadena"]
    assert [(link["numero"], link["lineas"], link["tarde"]) for link in cited] == [
        (1, [1, 3], False),
        (2, [4, 4], True),
    ]


def test_a_pack_says_that_a_record_is_not_what_its_line_says(exporting: Exporting) -> None:
    sql = "UPDATE login_span SET pid = 9 WHERE first_seq = 1"
    engine.execute(exporting.config.database, sql)
    reader = _reader(exporting)  # whoever exports
    _, files = exporting.pack("/servers/2/evidencia", reader)
    lines = json.loads(files["manifiesto.json"])["lineas"]
    assert [(line["id_serv"], line["coincide"]) for line in lines] == [
        (1, False),
        (2, False),
        (3, False),
    ]
    assert "WARNING: the records 1, 2, 3 are not what" in files["LEEME.txt"].decode()


def _reader(exporting: Exporting) -> str:
    make_token(exporting.config.data, "admin")
    return make_token(exporting.config.data, "lectura")


def test_a_pack_believes_no_copy_of_the_chain_that_the_audit_log_denies(
    exporting: Exporting,
) -> None:
    exporting.seal()
    (text,) = [text for _, text in exporting.links()]
    forged = text.replace(parse_link(text).stretches[0].sha256, "0" * 64)
    sql = f"UPDATE archive_link SET text = '{forged}'"
    engine.execute(exporting.config.database, sql)
    _, files = exporting.pack("/servers/2/evidencia")
    manifest = json.loads(files["manifiesto.json"])
    assert manifest["faltas_de_cadena"] == ["link 1 differs between the audit log and the database"]
    assert files["cadena/eslabon-1.txt"].decode() == text
    assert "WARNING: the chain of the archive has faults" in files["LEEME.txt"].decode()


def test_the_audit_log_has_the_digest_of_the_sums_of_a_pack(exporting: Exporting) -> None:
    _, files = exporting.pack("/servers/2/evidencia")
    (entry,) = exporting.logged()
    assert entry["sums"] == hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    assert "sha256sum SHA256SUMS" in files["LEEME.txt"].decode()
