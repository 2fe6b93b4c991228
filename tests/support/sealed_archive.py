"""An archive whose days are written, compressed, sealed and changed by hand."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from service import times
from service.archive.append import ArchiveWriter
from service.auth.audit_entries import read_archive_links
from service.config import Config
from service.maintenance.chain_check import ChainFindings, verify_chain
from service.maintenance.sealing import seal
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from service.times import DAY, HOUR
from tests.support.engine import SqliteEngine

FIRST = times.parse("2026-02-15 00:00:00")


class Sealed:
    """A data folder whose days are written and sealed by hand. Days are counted from the first."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(data=folder)
        self.config.archive.mkdir(parents=True)
        self.database: Database = SqliteEngine(self.config.database).migrated()
        self._writer = ArchiveWriter(self.config.archive)
        self._written = 0

    def write(self, day: int, lines: int = 1) -> None:
        for _ in range(lines):
            self._written += 1
            document = json.dumps({"n": self._written, "pad": "x" * 50}).encode()
            self._writer.append(document, FIRST + day * DAY + self._written)

    def plain(self, day: int) -> Path:
        return self.config.archive / f"{times.to_text(FIRST + day * DAY)[:10]}.jsonl"

    def compress(self, day: int) -> None:
        """As gzip(1) does, also where a compressed file is there: it is put behind that."""
        plain = self.plain(day)
        if plain.exists():
            with plain.with_name(f"{plain.name}.gz").open("ab") as file:
                file.write(gzip.compress(plain.read_bytes()))
            plain.unlink()

    def seal(self, day: int, after: int = HOUR) -> int:
        """Seals what is closed so long after the end of a day."""
        return seal(self.config, self.database, FIRST + (day + 1) * DAY + after)

    def verify(self) -> ChainFindings:
        return verify_chain(self.config, self.database)

    def texts(self) -> list[str]:
        return [text for _, text, _ in read_archive_links(self.config.audit_log)]

    def lose_database(self) -> None:
        self.database.close()
        for path in self.config.data.glob("compliance.db*"):
            path.unlink()
        shutil.move(self.config.archive, self.config.data / "kept")
        audit = self.config.audit_log.rename(self.config.data / "audit.kept")
        prepare_data_folder(self.config)
        self.config.archive.rmdir()
        shutil.move(self.config.data / "kept", self.config.archive)
        audit.rename(self.config.audit_log)
        self.database = open_database(self.config.database)

    def close(self) -> None:
        self.database.close()


def change_byte(path: Path) -> None:
    """Changes a byte in the middle of the first line; the line stays one."""
    content = bytearray(path.read_bytes())
    at = content.index(b"\n") - 5
    content[at] = ord("y") if content[at] != ord("y") else ord("z")
    path.write_bytes(content)
