"""A service in this process that exports packs of evidence."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import falcon.testing

from service import times
from service.app import create_app
from service.auth.audit_entries import read_archive_links
from service.config import Config
from service.maintenance.sealing import seal
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from tests.support.judged import PASSES, Judging, fails
from tests.support.reports import report_2
from tests.support.tokens import bearer

HOSTILE = '../../../etc/=x"\u202e\n<b>'


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

    def head(self, address: str) -> falcon.testing.Result:
        return self._client.simulate_head(address)

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

    def links(self) -> list[tuple[int, str]]:
        """Numbers and texts, by the audit log."""
        read = read_archive_links(self.config.audit_log)
        return [(number, text) for number, text, _ in read]

    def seal(self) -> None:
        seal(self.config, self.database, times.now() + 2 * times.DAY)
