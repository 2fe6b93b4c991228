from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.state import dead_letters
from agent.state.spool import DamagedReportError, Spool
from tests.agent.state.reports import report


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _body: b"", "it is empty"),
        (lambda body: body[: len(body) // 2], "differ from those written"),
        (lambda body: os.urandom(len(body)), "differ from those written"),
        (lambda body: body.replace(b"number", b"nunber"), "differ from those written"),
        (lambda body: body + b" ", "differ from those written"),
    ],
)
def test_damaged_file_is_recognized(
    folder: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(1))
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    with pytest.raises(DamagedReportError, match=message):
        kept.read(name)


def test_other_files_are_recognized_and_rejected(folder: Path, tmp_path: Path) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(1))
    (folder / "notes.json").write_text("{}", "utf-8")
    (folder / "readme.txt").write_text("", "utf-8")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "link.json").symlink_to(tmp_path / "elsewhere")
    assert set(kept.names()) == {name, "notes.json", "folder.json", "pipe.json", "link.json"}
    for stranger in set(kept.names()) - {name}:
        with pytest.raises(DamagedReportError):
            kept.read(stranger)
        kept.reject(stranger, b"no report")
    assert kept.names() == [name]
    assert (folder / "rejected" / "folder.json").is_dir()


def test_rejected_report_has_the_reason_beside_it(folder: Path) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(7))
    body = kept.read(name)
    kept.reject(name, b"400 Bad Request\nno")
    assert kept.names() == []
    assert (folder / "rejected" / name).read_bytes() == body
    assert (folder / "rejected" / f"{name}.answer").read_bytes() == b"400 Bad Request\nno"


def test_rejected_reports_are_limited_in_number_and_size(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Spool(str(folder))
    monkeypatch.setattr(dead_letters, "MAX_REPORTS", 5)
    names = [kept.put(report(number)) for number in range(12)]
    for name in names:
        kept.reject(name, b"no")
    aside = {path.name for path in (folder / "rejected").iterdir()}
    assert aside == {end for name in names[-5:] for end in (name, name + ".answer")}
    monkeypatch.setattr(dead_letters, "MAX_BYTES", 5000)
    large = [kept.put(report(number, 2000)) for number in range(4)]
    for name in large:
        kept.reject(name, b"no")
    aside = {path.name for path in (folder / "rejected").iterdir()}
    assert aside == {end for name in large[-2:] for end in (name, name + ".answer")}
