"""Makes tests/data/0.1.0: what release 0.1.0 stored, for later versions to be tried on.

    python -m tests.data.make_0_1_0

It was run once with the code of 0.1.0 (commit 4aedd32, tag v0.1.0), and is kept to show how the
files were made. The code comes from Git into a temporary folder. gunicorn and `python -m service`
of that commit write the data folder; this script only sends HTTP requests and runs commands. The
time is not real: the service runs on a clock that is set for each arrival (set_clock.c), so that
five days pass in a minute. It needs Linux, cc, git, gzip and tar, and the Python and the packages
of 0.1.0.

A second run makes the same reports in the same order with other tokens; the eight reports that
arrive together may change places.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import platform
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.data.make_0_1_0.service import COMMIT, Service
from tests.data.make_0_1_0.story import Story

TARGET = Path(__file__).resolve().parent.parent / "0.1.0"
RELATIONS = {"servers": "id_serv", "procesos": "id_proc", "usuarios_activos": "id_usr"}
ABOUT = {
    "what": "The data folder of release 0.1.0 after five days, what it had answered, and what its"
    " relations showed. tests/data/make_0_1_0 made it.",
    "secrets": "All tokens here are dummies: they were made for these test files, and open nothing"
    " else.",
    "clock": "The service ran on a clock that was set for each arrival (make_0_1_0/set_clock.c).",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name))
        service.check_out()
        story = Story(service)
        story.run()
        checked = service.command("check").splitlines()
        with closing(sqlite3.connect(service.data / "compliance.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            shutil.rmtree(TARGET, ignore_errors=True)
            (TARGET / "relations").mkdir(parents=True)
            for relation, key in RELATIONS.items():
                dump(connection, relation, key)
            servers = dict(connection.execute("SELECT id, server_id FROM report"))
        made_with = {"release": "0.1.0", "commit": COMMIT, "database_version": version}
        made_with |= {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
        manifest: dict[str, Any] = ABOUT | {
            "made_with": made_with,
            "check": checked,
            "happened": story.happened,
            "tokens": story.tokens,
            "files": pack(service.data),
            "posts": [
                post | ({"servidor": servers[post["id_serv"]]} if "id_serv" in post else {})
                for post in story.posts
            ],
        }
    (TARGET / "manifest.json").write_text(spelled(manifest), encoding="utf-8")
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    sys.stdout.write(f"{TARGET}: {len(story.posts)} posts, {size} bytes\n")
    sys.stdout.write("\n".join(checked) + "\n")


def dump(connection: sqlite3.Connection, relation: str, key: str) -> None:
    """All of a relation as JSON lines: the names of its columns, then its rows by their key."""
    found = connection.execute(f"SELECT * FROM {relation} ORDER BY {key}")
    lines = [[column[0] for column in found.description], *found]
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path = TARGET / "relations" / f"{relation}.jsonl.xz"
    path.write_bytes(lzma.compress(content.encode(), preset=9))


def pack(data: Path) -> dict[str, str]:
    """Each file of the data folder, compressed with xz if it is not already with gzip.

    Returns the SHA-256 of each, before xz.
    """
    digests = {}
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        name, content = str(path.relative_to(data)), path.read_bytes()
        if path.suffix == ".lock":
            continue
        packed = TARGET / "data" / (name if path.suffix == ".gz" else f"{name}.xz")
        packed.parent.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(content if path.suffix == ".gz" else lzma.compress(content, preset=9))
        digests[name] = hashlib.sha256(content).hexdigest()
    return digests


def spelled(manifest: dict[str, Any]) -> str:
    """JSON with one line a post."""
    posts = ",\n  ".join(json.dumps(post, ensure_ascii=False) for post in manifest["posts"])
    rest = json.dumps(manifest | {"posts": []}, ensure_ascii=False, indent=1)
    return rest.replace('"posts": []', f'"posts": [\n  {posts}\n ]') + "\n"


if __name__ == "__main__":
    main()
