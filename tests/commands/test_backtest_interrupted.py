"""`python -m service backtest` says how far it came when it is interrupted."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import backtest
from service.commands.progress import Progress
from service.times import HOUR, MINUTE, SECOND
from tests.commands.test_backtest import AT_ONCE, PERIOD, tried
from tests.policies.rule_texts import write_rule
from tests.support.judged_field import ALONE, EVERYWHERE, START, Arrival, Field
from tests.support.live import PROJECT

_COUNT = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 400000)"
_ALL = "(SELECT count(*) FROM procesos_vigentes)"
# Whenever any process changes, so that the second server takes longer than a signal.
SLOW = (
    "name = 'bad'",
    f"CASE WHEN 0 < ({_COUNT} SELECT max(x) + {_ALL} FROM c) THEN name = 'bad' END",
)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell ignores Ctrl-C in what it runs in the background, as this may be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    """m0 fails from half past on; both always run another program."""
    made = Field(tmp_path / "var", monkeypatch)
    with closing(made.database):
        for minute in range(5, 120, 5):
            at, name = START + minute * MINUTE, f"run{minute}"
            names = ("bad", name) if minute >= 30 else (name,)
            made.add(Arrival(at + SECOND, at, "m0", names))
            made.add(Arrival(at + 2 * SECOND, at, "m1", (name,)))
        made.now = START + 3 * HOUR
        yield made


def test_ctrl_c_before_anything_is_judged_says_so(
    field: Field,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(backtest, "read_candidate", lambda *_: signal.raise_signal(signal.SIGINT))
    assert tried(field, write_rule(tmp_path, EVERYWHERE)) == 4
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "compliance: interrupted before anything was judged\n")


def test_ctrl_c_tells_at_which_tick_of_the_fleet_it_came(
    field: Field,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = [lambda: None] * 8 + [lambda: signal.raise_signal(signal.SIGINT)]
    monkeypatch.setattr(Progress, "step", lambda _: steps.pop(0)())
    rule = write_rule(tmp_path, *ALONE, EVERYWHERE, AT_ONCE, name="f-rule")
    assert tried(field, rule) == 4
    said = capsys.readouterr()
    assert "compliance: interrupted at 2026-11-02 00:4" in said.err
    assert "2026-11-02 00:30:00" in said.out


@pytest.mark.torture
def test_ctrl_c_tells_what_was_found_and_how_far_it_came(field: Field, tmp_path: Path) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE, SLOW)
    terminal, theirs = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "backtest", str(rule), *PERIOD],
            cwd=PROJECT,
            env=os.environ | {"COMPLIANCE_DATA": str(field.config.data)},
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        told = b""
        while b"servers judged: 1 of 2" not in told:
            told += shown.read(100)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19  # ingest comes first
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of its processes
        out, _ = process.communicate(timeout=30)
        told += shown.read(1000)
    assert process.returncode == 4
    assert b"compliance: interrupted after 1 of 2 servers" in told
    assert b"Traceback" not in told
    assert b"1 server: 1 failed at some time" in out
