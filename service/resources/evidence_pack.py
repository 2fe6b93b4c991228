"""A pack of evidence: files in a ZIP archive, with the SHA-256 of each.

`sha256sum -c SHA256SUMS` verifies it, in the folder that unzip(1) makes. Nothing in it is named by
what a report says, but the folder, of whose names only harmless characters are kept.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from contextlib import suppress
from datetime import datetime
from typing import IO, NamedTuple, Self

import orjson

from service import times

SUMS = "SHA256SUMS"
_MAX_NAME = 40  # characters
_FIRST_TIME = datetime(1980, 1, 1)  # noqa: DTZ001 — of the format, which knows no zones
_RIGHTS = 0o644 << 16  # where ZIP has those of Unix


class PackedFile(NamedTuple):
    name: str
    sha256: str
    size: int


class Pack:
    """Writes to an open file, each part as it is added. finish() adds the list of digests.

    It has to be left as a context before the file is closed. sums: the SHA-256 of that list.
    """

    def __init__(self, file: IO[bytes], name: str, made_at: int) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.name = name
        made = max(datetime.fromisoformat(times.to_text(made_at)), _FIRST_TIME)
        self._time = (made.year, made.month, made.day, made.hour, made.minute, made.second)
        self.files: list[PackedFile] = []
        self.sums = ""

    def add(self, name: str, content: bytes) -> None:
        self._write(name, content)
        digest = hashlib.sha256(content).hexdigest()
        self.files.append(PackedFile(name, digest, len(content)))

    def add_json(self, name: str, document: object) -> None:
        self.add(name, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Raises OSError, unless another error ends it."""
        with suppress(*([] if kind is None else [OSError])):
            self._zip.close()

    def finish(self) -> None:
        sums = "".join(f"{each.sha256}  {each.name}\n" for each in self.files).encode()
        self._write(SUMS, sums)
        self.sums = hashlib.sha256(sums).hexdigest()

    def _write(self, name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(f"{self.name}/{name}", self._time)
        entry.external_attr = _RIGHTS
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, content)


def pack_name(label: str, *parts: object) -> str:
    """evidencia-web-1-4711-20261117T100000Z: what servers call themselves may be hostile."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", label)[:_MAX_NAME].strip("-.")
    return "-".join(["evidencia", *([plain] if plain else []), *map(str, parts)])


def stamp(moment: int) -> str:
    """20261117T100000Z"""
    return times.to_text(moment)[:19].translate({45: None, 58: None, 32: "T"}) + "Z"
