"""GET /servers/{id_serv}/evidencia and /violaciones/{violation}/evidencia."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.auth.audit_entries import has_entries_of_access
from service.file_lock import one_place
from tests.support.exporting import HOSTILE, Exporting
from tests.support.tokens import make_token

NAMES = [
    *("registro.json", "anterior.json", "siguiente.json", "procesos.csv", "usuarios_activos.csv"),
    *("veredictos.json", "violaciones.json", "manifiesto.json", "LEEME.txt", "SHA256SUMS"),
]


@pytest.fixture
def exporting(tmp_path: Path) -> Iterator[Exporting]:
    made = Exporting(tmp_path / "var")
    with closing(made.database):
        yield made


def test_a_pack_has_the_record_its_neighbours_and_what_rules_said(exporting: Exporting) -> None:
    _, files = exporting.pack("/servers/2/evidencia")
    assert set(NAMES) <= files.keys()
    for name, id_serv in (("anterior", 1), ("registro", 2), ("siguiente", 3)):
        assert json.loads(files[f"{name}.json"]) == exporting.get(f"/servers/{id_serv}").json
    (verdict,) = json.loads(files["veredictos.json"])["cumplimiento"]
    assert (verdict["politica"], verdict["veredicto"]) == ("minero", "falla")
    (violation,) = json.loads(files["violaciones.json"])["violaciones"]
    assert violation["abierta_en_id_serv"] == 2
    (text,) = [name for name in files if name.startswith("reglas/")]
    assert b'-- id = "minero"' in files[text]
    assert text == f"reglas/minero-{verdict['hash'][:12]}.sql"


def test_a_pack_is_verified_by_the_command_that_it_names(
    exporting: Exporting, tmp_path: Path
) -> None:
    answer = exporting.get("/servers/2/evidencia")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
        (folder,) = {name.partition("/")[0] for name in packed.namelist()}
    command = "sha256sum -c SHA256SUMS"
    assert f"    {command}\n" in (tmp_path / folder / "LEEME.txt").read_text()
    ran = subprocess.run(command.split(), cwd=tmp_path / folder, check=True, capture_output=True)
    assert b"manifiesto.json: OK" in ran.stdout
    assert ran.stdout.count(b": OK") == len(list((tmp_path / folder).rglob("*.*")))
    (tmp_path / folder / "registro.json").write_text("{}")
    ran = subprocess.run(command.split(), cwd=tmp_path / folder, check=False, capture_output=True)
    assert ran.returncode == 1


def test_the_manifest_names_each_file_and_who_exported_when(exporting: Exporting) -> None:
    make_token(exporting.config.data, "admin")
    secret = make_token(exporting.config.data, "lectura", "--name", "auditora")
    _, files = exporting.pack("/servers/2/evidencia", secret)
    manifest = json.loads(files["manifiesto.json"])
    assert manifest["por"] == {"token": 2, "name": "auditora", "source": "127.0.0.1"}
    assert times.parse(manifest["exportado"]) <= times.now()
    assert {each["name"]: each["sha256"] for each in manifest["ficheros"]} == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name not in {"manifiesto.json", "LEEME.txt", "SHA256SUMS"}
    }
    (entry,) = exporting.logged()
    assert (entry["record"], entry["token"], entry["name"]) == (2, 2, "auditora")


def test_the_lines_of_the_archive_are_for_administrators(exporting: Exporting) -> None:
    admin = make_token(exporting.config.data, "admin")
    reader = make_token(exporting.config.data, "lectura")
    (archive,) = exporting.config.archive.glob("*.jsonl")
    _, files = exporting.pack("/servers/2/evidencia", admin)
    assert files["archivo.jsonl"] == archive.read_bytes()
    lines = json.loads(files["manifiesto.json"])["lineas"]
    assert [(line["id_serv"], line["linea"]) for line in lines] == [(1, 1), (2, 2), (3, 3)]
    _, files = exporting.pack("/servers/2/evidencia", reader)
    assert "archivo.jsonl" not in files
    assert json.loads(files["manifiesto.json"])["lineas_de_archivo"] == "solo para admin"
    # As on the pages: rows of rules that read command lines are for administrators as well.
    (violation,) = json.loads(files["violaciones.json"])["violaciones"]
    assert (violation["reservada"], violation["evidencia"], violation["clave"]) == (
        True,
        None,
        None,
    )


def test_the_name_tells_the_server_and_the_moment_and_nothing_else(exporting: Exporting) -> None:
    folder, files = exporting.pack("/servers/2/evidencia")
    assert folder == "evidencia-etc-x-b-2-20260301T100100Z"
    assert json.loads(files["manifiesto.json"])["registro"]["nombre_host"] == HOSTILE
    assert "\u202e" not in files["LEEME.txt"].decode()


def test_the_first_and_the_last_record_lack_a_neighbour(exporting: Exporting) -> None:
    _, files = exporting.pack("/servers/1/evidencia")
    assert "anterior.json" not in files
    _, files = exporting.pack("/servers/3/evidencia")
    manifest = json.loads(files["manifiesto.json"])
    assert (manifest["siguiente"], manifest["momento"]) == (None, "abierto")


def test_the_pack_of_a_violation_is_that_of_the_record_that_opened_it(
    exporting: Exporting,
) -> None:
    (listed,) = exporting.get("/violaciones").json["violaciones"]
    folder, files = exporting.pack(f"/violaciones/{listed['id']}/evidencia")
    assert folder == f"evidencia-etc-x-b-2-minero-{listed['id'][:8]}-20260301T100100Z"
    (violation,) = json.loads(files["violacion.json"])["violaciones"]
    assert violation == listed
    assert json.loads(files["registro.json"]) == exporting.get("/servers/2").json
    assert exporting.logged()[0]["violation"] == listed["id"]


@pytest.mark.parametrize("violation", ["x", "00", "f" * 64, "%00", "a" * 5000])
def test_a_violation_that_is_unknown_is_404(exporting: Exporting, violation: str) -> None:
    answer = exporting.get(f"/violaciones/{violation}/evidencia")
    assert (answer.status_code, answer.json["title"]) == (404, "No such violation")


def test_a_record_that_is_unknown_is_404_and_exports_nothing(exporting: Exporting) -> None:
    assert exporting.get("/servers/9/evidencia").status_code == 404
    assert exporting.get("/servers/2/evidencia?formato=csv").status_code == 400
    assert not exporting.config.audit_log.exists()


def test_head_exports_nothing(exporting: Exporting) -> None:
    (listed,) = exporting.get("/violaciones").json["violaciones"]
    for address in ("/servers/2/evidencia", f"/violaciones/{listed['id']}/evidencia"):
        answer = exporting.head(address)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Content-Type"] == "application/zip"
    assert not exporting.config.audit_log.exists()


def test_without_its_entry_in_the_audit_log_nothing_is_exported(exporting: Exporting) -> None:
    exporting.config.audit_log.mkdir()
    assert exporting.get("/servers/2/evidencia").status_code == 503


def test_a_third_export_at_a_time_is_told_to_come_later(exporting: Exporting) -> None:
    places = exporting.config.export_places
    assert len(places) == 2
    with one_place(places), one_place(places):
        answer = exporting.get("/servers/2/evidencia")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
        assert answer.json["type"] == "urn:compliance-continuo:problems:exports-busy"
        assert answer.json["detail"] == "2 exports run now, and no more may: ask again later"
    assert not exporting.config.audit_log.exists()  # nothing left
    with one_place(places):
        exporting.pack("/servers/2/evidencia")


def test_an_export_that_fails_and_one_that_is_read_slowly_keep_no_place(
    exporting: Exporting,
) -> None:
    for _ in range(3):
        assert exporting.get("/servers/9/evidencia").status_code == 404
    answers = [exporting.get("/servers/2/evidencia") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_an_export_without_tokens_is_no_sign_that_there_were_some(exporting: Exporting) -> None:
    exporting.pack("/servers/2/evidencia")
    assert not has_entries_of_access(exporting.config.audit_log)
