from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli.log_format import LogFormatter
from tests.support.live import PROJECT


@pytest.mark.parametrize(
    ("level", "plain", "journal"),
    [
        (logging.INFO, "agent: message", "<6>message"),
        (logging.WARNING, "agent: warning: message", "<4>message"),
        (logging.ERROR, "agent: error: message", "<3>message"),
    ],
)
def test_levels_are_words_on_a_terminal_and_numbers_in_the_journal(
    level: int, plain: str, journal: str
) -> None:
    record = logging.LogRecord("agent", level, "", 0, "message", None, None)
    assert LogFormatter(journal=False).format(record) == plain
    assert LogFormatter(journal=True).format(record) == journal


@pytest.mark.parametrize("journal", [True, False])
def test_event_is_one_line(journal: bool) -> None:
    record = logging.LogRecord("agent", logging.INFO, "", 0, "a\n<0>b\r%s", ("c\nd",), None)
    assert LogFormatter(journal=journal).format(record).endswith("a\\n<0>b\\rc\\nd")


@pytest.mark.parametrize("ours", [True, False])
def test_journal_is_recognized_by_its_stream(ours: bool, tmp_path: Path) -> None:
    """See systemd.exec(5): JOURNAL_STREAM may name what stderr no longer is."""
    with (tmp_path / "stream").open("wb") as stream, (tmp_path / "other").open("wb") as other:
        facts = os.fstat(stream.fileno())
        environ = {**os.environ, "JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"}
        subprocess.run(
            [sys.executable, "-m", "agent", "--print", "--rootfs", str(tmp_path)],
            cwd=PROJECT,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=stream if ours else other,
            check=True,
        )
    written = (tmp_path / ("stream" if ours else "other")).read_text("utf-8")
    assert written.startswith("<4>" if ours else "agent: warning: ")
