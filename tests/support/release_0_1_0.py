"""The data folder that release 0.1.0 wrote (tests/data/0.1.0), and what that release showed of it.

tests/data/make_0_1_0 made the files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FILES = Path(__file__).resolve().parent.parent / "data" / "0.1.0"
KEYS = {"servers": "id_serv", "procesos": "id_proc", "usuarios_activos": "id_usr"}


class Relation(NamedTuple):
    """A relation as 0.1.0 showed it, its rows in the order of its key."""

    columns: list[str]
    rows: list[tuple[object, ...]]


@cache
def manifest() -> dict[str, Any]:
    """What was posted and answered, the tokens with their (dummy) secrets, and how it was made."""
    found: dict[str, Any] = json.loads((FILES / "manifest.json").read_bytes())
    return found


def posts(*statuses: int) -> list[dict[str, Any]]:
    """The posts that 0.1.0 answered with one of these statuses, in order of arrival."""
    return [post for post in manifest()["posts"] if post["status"] in statuses]


def secret(token: str) -> str:
    """The secret of a token, by the name that the manifest gives it."""
    return str(manifest()["tokens"][token]["dummy_token"])


def unpack(data: Path) -> None:
    """Writes the data folder as 0.1.0 left it. One day of the archive is compressed."""
    for name, digest in manifest()["files"].items():
        packed = FILES / "data" / name
        if packed.exists():  # it was compressed in the data folder itself
            content = packed.read_bytes()
        else:
            content = lzma.decompress(packed.with_name(packed.name + ".xz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest, name
        target = data / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)


@cache
def relation(name: str) -> Relation:
    lines = lzma.decompress((FILES / "relations" / f"{name}.jsonl.xz").read_bytes()).splitlines()
    columns, *rows = map(json.loads, lines)
    return Relation(columns, [tuple(row) for row in rows])


def archived_documents(data: Path) -> dict[str, bytes]:
    """The documents in the archive, as they were sent, by what the manifest calls `document`.

    Does without the service's own reader of the archive, so that it can be held to this one.
    """
    documents = {}
    for path in sorted((data / "archive").iterdir()):
        content = path.read_bytes()
        for line in (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines():
            document = line.partition(b',"reporte":')[2].removesuffix(b"}")
            documents[hashlib.sha256(document).hexdigest()[:16]] = document
    return documents
