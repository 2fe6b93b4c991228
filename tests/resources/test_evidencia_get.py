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
from typing import Any

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.archive.chain import parse_link
from service.auth.audit_entries import has_entries_of_access
from service.config import Config
from service.file_lock import one_place
from service.maintenance.sealing import seal
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from tests.support.judged import PASSES, Judging, fails
from tests.support.reports import report_2
from tests.support.tokens import bearer, make_token

HOSTILE = '../../../etc/=x"\u202e\n<b>'
NAMES = [
    *("registro.json", "anterior.json", "siguiente.json", "procesos.csv", "usuarios_activos.csv"),
    *("veredictos.json", "violaciones.json", "manifiesto.json", "LEEME.txt", "SHA256SUMS"),
]


class Exporting:
    """A service in this process, with three reports of one server; the second fails by a rule."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(data=folder)
        prepare_data_folder(self.config)
        self.database: Database = open_database(self.config.database)
        app = create_app(self.config, self.database)
        self._client = falcon.testing.TestClient(app, headers={"Host": "localhost"})
        self.posted = [self.post(minute) for minute in range(3)]
        judging = Judging(self.database)
        judging.take_up("minero", times.parse("2026-03-01 09:00:00"), command_lines=True)
        for id_serv, verdict in zip((1, 2, 3), (PASSES, fails("xmrig"), PASSES), strict=True):
            judging.report(id_serv, minero=verdict)

    def post(self, minute: int) -> bytes:
        time = f"2026-03-01 10:0{minute}:00"
        document = report_2(fecha_hora=time, nombre_host=HOSTILE, ipaddress="10.0.0.1")
        body = json.dumps(document, indent=minute or None).encode()
        assert self._client.simulate_post("/servers", body=body).status_code == 201
        return body

    def get(self, address: str, secret: str = "") -> falcon.testing.Result:
        headers = bearer(secret) if secret else {}
        return self._client.simulate_get(address, headers=headers)

    def pack(self, address: str, secret: str = "") -> tuple[str, dict[str, bytes]]:
        """The folder of a pack, and its files."""
        answer = self.get(address, secret)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
        assert answer.headers["Cache-Control"] == "no-store"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
        (folder,) = {name.partition("/")[0] for name in files}
        assert f'filename="{folder}.zip"' in answer.headers["Content-Disposition"]
        return folder, {name.partition("/")[2]: content for name, content in files.items()}

    def logged(self) -> list[dict[str, Any]]:
        lines = self.config.audit_log.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["hecho"] == "evidence exported"]

    def seal(self) -> None:
        seal(self.config, self.database, times.now() + 2 * times.DAY)


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


def test_the_audit_log_has_the_digest_of_the_sums_of_a_pack(exporting: Exporting) -> None:
    _, files = exporting.pack("/servers/2/evidencia")
    (entry,) = exporting.logged()
    assert entry["sums"] == hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    assert "sha256sum SHA256SUMS" in files["LEEME.txt"].decode()


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
