"""Command lines: how much of them a report has, and how they are written."""

from __future__ import annotations

from typing import TypeVar

from agent.collectors.proc_reader import Row
from agent.collectors.psutil_reader import PsutilRow

_Row = TypeVar("_Row", Row, PsutilRow)

# Of one process, and of all processes together; 300 processes with 32 KB each exceed memory, the
# body that the API accepts, and the time: masking takes about a second for a megabyte.
MAX_BYTES = 32_768
MAX_BYTES_OF_ALL = 2 << 20
_MIN_BYTES = 32
# Read beyond the limit and never reported: a secret at the limit is recognized by what follows it.
_MARGIN_BYTES = 1024


class CommandLineLimit:
    """The limit of a command line: halved until all together fit, so that the longest are cut.

    Halves, because a limit that changed with every report would change all long command lines.
    """

    def __init__(self, max_bytes_of_all: int = MAX_BYTES_OF_ALL) -> None:
        self.bytes = MAX_BYTES
        self._max_bytes_of_all = max_bytes_of_all
        self._held = 0

    def add(self, row: _Row, rows: list[_Row]) -> None:
        """Append a process, and cut all command lines if they are too long together."""
        rows.append(self._cut(row))
        self._held += self._length(rows[-1])
        while self._held > self._max_bytes_of_all and self.bytes > _MIN_BYTES:
            self.lower(self.bytes // 2, rows)

    def lower(self, limit: int, rows: list[_Row]) -> None:
        """Cut all command lines at a limit that is not larger."""
        self.bytes = min(self.bytes, limit)
        rows[:] = [self._cut(held) for held in rows]
        self._held = sum(self._length(held) for held in rows)

    def _cut(self, row: _Row) -> _Row:
        line = row.command_line
        most = self.bytes + _margin(self.bytes)
        return row if line is None or len(line) <= most else row._replace(command_line=line[:most])

    def _length(self, row: _Row) -> int:
        return min(len(row.command_line or b""), self.bytes)


def _margin(limit: int) -> int:
    return min(_MARGIN_BYTES, limit)


def shown(arguments: bytes | None, limit: int = MAX_BYTES) -> str | None:
    """The masked command line, cut at the limit of characters.

    arguments: each followed by NUL. Programs that rewrite them leave a single text, followed by
        many NULs.
    """
    if not arguments:
        return None
    from agent.collectors.masking import masked  # noqa: PLC0415 — rarely needed

    parts = arguments.rstrip(b"\0").decode("utf-8", "surrogateescape").split("\0")
    text = masked(parts)
    margin = _margin(limit)
    if len(arguments) >= limit + margin:  # it was cut, perhaps within a secret
        text = text[: max(0, len(text) - margin)]
    return text[:limit] or None
