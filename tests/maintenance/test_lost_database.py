"""A database that is gone, emptied or cut off: the start refuses, and check says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import engine
from tests.support.commands import run
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report

pytestmark = pytest.mark.torture

REBUILD = "python -m service rebuild, then python -m service rebuild --swap"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with three reports and two tokens, one of them revoked."""
    live = LiveService(tmp_path_factory.mktemp("lost") / "var").start()
    for second in range(3):
        assert live.post(report(fecha_hora=f"2026-02-15 02:00:0{second}")).status == 201
    live.stop()
    for arguments in (("create", "--scope", "admin"), ("create", "--scope", "lectura")):
        assert run(("token", *arguments), live.data).returncode == 0
    assert run(("token", "revoke", "2"), live.data).returncode == 0
    return live.data


@pytest.fixture
def data(stored: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-r", stored, tmp_path / "var"], check=True)
    return tmp_path / "var"


def start(data: Path) -> str:
    """The lines that a start which fails prints, without those of gunicorn."""
    environ = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=PROJECT,
        env=environ | {"COMPLIANCE_DATA": str(data), "COMPLIANCE_BIND": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    (line,) = [line for line in ended.stderr.splitlines() if "[INFO]" not in line]
    return line


def remove(data: Path) -> None:
    for path in data.glob("compliance.db*"):
        path.unlink()


def cut(data: Path) -> None:
    remove(data)
    (data / "compliance.db").touch()


def make_anew(data: Path) -> None:
    remove(data)
    (data / "archive").rename(data / "aside")
    (data / "audit.jsonl").rename(data / "aside.jsonl")
    assert run("migrate", data).returncode == 0
    (data / "archive").rmdir()
    (data / "aside").rename(data / "archive")
    (data / "aside.jsonl").rename(data / "audit.jsonl")


@pytest.mark.parametrize("lose", [remove, cut])
@pytest.mark.parametrize("left", ["archive", "audit.jsonl"])
def test_a_lost_database_beside_what_is_left_ends_the_start(
    data: Path, lose: Callable[[Path], None], left: str
) -> None:
    lose(data)
    if left == "archive":
        (data / "audit.jsonl").unlink()
    else:
        shutil.rmtree(data / "archive")
    said = start(data)
    assert ("is empty" if lose is cut else "is not there") in said
    assert f"{left} {'holds reports' if left == 'archive' else 'names tokens'}" in said
    assert REBUILD in said
    for command in ("migrate", ("token", "create", "--scope", "admin"), "check", "demo"):
        refused = run(command, data)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.count("\n") == 1
        assert REBUILD in refused.stderr
    # And then, as the line says:
    assert run("rebuild", data).returncode == 0
    assert run(("rebuild", "--swap"), data).returncode == 0
    assert run("check", data).returncode == 0
    if left == "archive":
        assert engine.rows(data / "compliance.db", "SELECT count(*) FROM servers") == [(3,)]
    else:
        revoked = "SELECT id, revoked_at IS NULL FROM token ORDER BY id"
        assert engine.rows(data / "compliance.db", revoked) == [(1, 1), (2, 0)]


def test_an_emptied_database_ends_the_start(data: Path) -> None:
    for table in ("profile_change", "report"):
        engine.execute(data / "compliance.db", f"DELETE FROM {table}")
    assert "all reports were removed from" in start(data)
    checked = run("check", data)
    assert checked.returncode == 1
    assert "records 1 to 3 were removed" in checked.stdout


def test_a_database_without_its_tokens_never_opens_to_everybody(data: Path) -> None:
    engine.execute(data / "compliance.db", "DELETE FROM token")
    checked = run("check", data)
    assert checked.returncode == 1
    assert "token 1 is in the audit log alone" in checked.stdout
    live = LiveService(data).start()
    try:
        assert live.get("/servers").status == 401, "the audit log has them all"
        assert "2 restored, 1 revoked again" in live.log
    finally:
        live.stop()
    engine.execute(data / "compliance.db", "DELETE FROM token")
    (data / "audit.jsonl").write_text(
        '{"hora": "2026-02-15 02:00:00.000000", "hecho": "token made", "token": 1}\n',
        encoding="utf-8",
    )
    said = start(data)
    assert "has lost its tokens" in said
    assert "python -m service token create --scope admin" in said
    assert run(("token", "create", "--scope", "admin"), data).returncode == 0
    live.start()
    try:
        assert live.get("/servers").status == 401
    finally:
        live.stop()


def test_a_new_database_beside_an_old_archive_gets_all_of_it(data: Path) -> None:
    make_anew(data)
    assert run("check", data).returncode == 1
    live = LiveService(data).start()
    try:
        assert "stored 3 archived reports" in live.log
        assert len(live.rows("SELECT * FROM servers")) == 3
    finally:
        live.stop()
    assert run("check", data).returncode == 0


def test_an_archive_that_is_a_file_is_one_line(data: Path) -> None:
    shutil.rmtree(data / "archive")
    (data / "archive").write_text("a file", encoding="utf-8")
    assert "archive is no folder" in start(data)
    for command in ("check", "rebuild", "migrate"):
        refused = run(command, data)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.count("\n") == 1
        assert "archive is no folder, and the archive belongs there" in refused.stderr


def test_a_removed_report_is_found_and_repaired(data: Path) -> None:
    engine.execute(data / "compliance.db", "DELETE FROM profile_change WHERE report_id = 2")
    engine.execute(data / "compliance.db", "DELETE FROM report WHERE id = 2")
    checked = run("check", data)
    assert checked.returncode == 1
    assert "record 2 was removed" in checked.stdout
    assert "in the archive alone: 1 (the report of ip:192.168.1.205 at" in checked.stdout
    assert "cannot be known" in checked.stdout
    assert run("rebuild", data).returncode in (0, 1)
    assert run(("rebuild", "--swap"), data).returncode == 0
    assert run(("check", "--repair"), data).returncode == 0
    assert run("check", data).returncode == 0


def test_damaged_pages_are_found(data: Path) -> None:
    engine.rows(data / "compliance.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    with (data / "compliance.db").open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size // 4096 // 2 * 4096)
        file.write(os.urandom(4096 * 4))
    checked = run("check", data)
    assert checked.returncode == 1
    assert REBUILD in checked.stdout + checked.stderr
    assert run("rebuild", data).returncode in (0, 1)
    assert run(("rebuild", "--swap"), data).returncode == 0
    assert run("check", data).returncode == 0


def test_a_data_folder_behind_a_link_is_used_as_any_other(data: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(data)
    live = LiveService(data).start()
    try:
        assert "is in use" in run(("compact",), link).stderr
    finally:
        live.stop()
    real = tmp_path / "disk" / "compliance.db"
    real.parent.mkdir()
    engine.rows(data / "compliance.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.move(data / "compliance.db", real)
    (data / "compliance.db").symlink_to(real)
    assert run("rebuild", link).returncode == 0
    assert run(("rebuild", "--swap"), link).returncode == 0
    assert run("compact", link).returncode == 0
    assert run("check", link).returncode == 0
    assert (data / "compliance.db").is_symlink()
