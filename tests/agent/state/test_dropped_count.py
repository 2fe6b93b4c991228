"""How the spool counts dropped reports."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.state import spool_clock
from agent.state.spool import Spool
from agent.state.spool_clock import uptime_microseconds
from tests.agent.state.reports import numbers, report


def test_oldest_report_is_dropped_beyond_the_size_and_counted(folder: Path) -> None:
    kept = Spool(str(folder), max_bytes=5000)
    for number in range(10):
        kept.put(report(number, 900))
        assert sum((folder / name).stat().st_size for name in kept.names()) <= 5000
    assert numbers(kept) == [5, 6, 7, 8, 9]
    counted = [json.loads(kept.read(name)).get("descartados", 0) for name in kept.names()]
    # Each drop is counted once: by the report that caused it, or by a later one.
    assert sum(counted) == 5


def test_count_of_a_dropped_report_passes_to_the_next(folder: Path) -> None:
    kept = Spool(str(folder), max_bytes=1500)
    for number in range(50):
        kept.put(report(number, 900))
    [name] = kept.names()
    assert json.loads(kept.read(name)) == {
        "number": 49,
        "fill": "x" * 900,
        "descartados": 49,
    }


def test_delivered_count_is_not_repeated(folder: Path) -> None:
    kept = Spool(str(folder), max_bytes=1500)
    kept.put(report(0, 900))
    name = kept.put(report(1, 900))
    assert json.loads(kept.read(name))["descartados"] == 1
    kept.remove(name)
    assert b"descartados" not in kept.read(kept.put(report(2)))


def test_count_sent_in_vain_is_repeated(folder: Path) -> None:
    kept = Spool(str(folder))
    kept.remove(kept.put(report(0)), unreported_drops=3)
    name = kept.put(report(1))
    assert json.loads(kept.read(name))["descartados"] == 3
    kept.reject(name, b"400", unreported_drops=3)
    assert json.loads(kept.read(kept.put(report(2))))["descartados"] == 3
    assert b"descartados" not in kept.read(kept.put(report(3)))


def test_old_reports_are_dropped_and_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Spool(str(folder), max_age_seconds=100)
    started = uptime_microseconds()
    for age in (300, 101, 99, 0):
        with monkeypatch.context() as patch:
            patch.setattr(
                spool_clock, "uptime_microseconds", lambda age=age: started + (300 - age) * 10**6
            )
            kept.put(report(age))
    with monkeypatch.context() as patch:
        patch.setattr(spool_clock, "uptime_microseconds", lambda: started + 300 * 10**6)
        assert kept.drop_old() == 2
        assert numbers(kept) == [99, 0]
        assert kept.drop_old() == 0
    assert json.loads(kept.read(kept.put(report(1))))["descartados"] == 2


@pytest.mark.parametrize("killed_at", range(8))
def test_drop_is_counted_exactly_once_wherever_the_agent_is_killed(
    folder: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each rename and each unlink of a put that drops a report and counts it."""
    kept = Spool(str(folder), max_bytes=2500)
    for number in (0, 1):
        kept.put(report(number, 900))
    steps = [0]

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def step(*arguments: object) -> None:
            if steps[0] == killed_at:
                raise KeyboardInterrupt
            steps[0] += 1
            real(*arguments)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying(os.replace))
        patch.setattr(os, "unlink", dying(os.unlink))
        killed = False
        try:
            kept.put(report(2, 900))
        except KeyboardInterrupt:
            killed = True
    assert killed == (killed_at < 7)
    after = Spool(str(folder), max_bytes=10_000)
    after.put(report(3))
    found = [json.loads(after.read(name)) for name in after.names()]
    dropped = 1 if found[0]["number"] == 1 else 0
    assert sum(document.get("descartados", 0) for document in found) == dropped
    assert not list(folder.glob("*.partial"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"reports": "x"}',
        b"\xff",
        b'{"reports": 1e999, "carrier": "", "removing": []}',
        b'{"reports": -4, "carrier": "", "removing": []}',
        b'{"reports": 4, "carrier": "", "removing": 5}',
        b"[" * 100_000,
    ],
)
def test_damaged_count_restarts_at_zero(folder: Path, content: bytes) -> None:
    kept = Spool(str(folder))
    kept.put(report(0))
    (folder / "dropped.json").write_bytes(content)
    assert b"descartados" not in kept.read(kept.put(report(1)))


@pytest.mark.parametrize(
    "name",
    ["../outside.json", "rejected/kept.json", "{outside}", "token", "clock", "dropped.json", "..",
     "..\\outside.json", "C:outside.json", "nul\0.json"],
)  # fmt: skip
def test_count_removes_no_file_but_reports_of_the_folder(folder: Path, name: str) -> None:
    kept = Spool(str(folder))
    kept.reject(kept.put(report(0)), b"no")
    outside = folder.parent / "outside.json"
    others = [outside, folder / "token", folder / "rejected" / "kept.json"]
    for file in others:
        file.write_text("{}", "utf-8")
    named = name.format(outside=outside)
    content = {"reports": 4, "carrier": "", "removing": [named]}
    (folder / "dropped.json").write_text(json.dumps(content), "utf-8")
    stored = kept.put(report(1))
    assert b"descartados" not in kept.read(stored)
    (folder / "dropped.json").write_text(json.dumps({**content, "carrier": named}), "utf-8")
    kept.remove(stored)
    assert all(file.exists() for file in others)
    assert (folder / "clock").exists()
