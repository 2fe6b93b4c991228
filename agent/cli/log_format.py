"""The format of the log: one line per event, with level prefixes if stderr is the journal."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from agent.cli.streams import discard

if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler

# See sd-daemon(3).
_LEVELS = {logging.WARNING: "<4>", logging.ERROR: "<3>"}
_INFO = "<6>"


class LogFormatter(logging.Formatter):
    """`agent: warning: …`; line breaks in a message are escaped."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        if self._journal:  # the journal adds time, name and level
            return _LEVELS.get(record.levelno, _INFO) + message
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"agent: {level}{message}"


class _StderrHandler(_StreamHandler):
    """Without a reader (a closed pipe) or room (a full disk), the agent works on unheard."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — logging's name
        if isinstance(sys.exc_info()[1], (OSError, ValueError)):
            with contextlib.suppress(OSError, ValueError):
                discard(self.stream)
        else:
            super().handleError(record)


def log_to_stderr(log: logging.Logger) -> None:
    handler = _StderrHandler()
    handler.setFormatter(LogFormatter(journal=_is_journal()))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _is_journal() -> bool:
    """Whether stderr is the stream that JOURNAL_STREAM names; see systemd.exec(5)."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        facts = os.fstat(sys.stderr.fileno())
    except (
        OSError,
        ValueError,
        AttributeError,
    ):  # closed or replaced
        return False
    return stream == f"{facts.st_dev}:{facts.st_ino}"
