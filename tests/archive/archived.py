"""The documents of an archive."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service import times
from service.archive.read import ArchivedReport, DamagedLine, read_archive

NOON = times.to_microseconds(datetime(2020, 2, 15, 12, tzinfo=UTC))

DAY = "2020-02-15.jsonl"


def documents(folder: Path) -> list[Any]:
    """The documents of the archive; every line must be complete."""
    found = list(read_archive(folder))
    assert not [line for line in found if isinstance(line, DamagedLine)]
    return [json.loads(line.raw) for line in found if isinstance(line, ArchivedReport)]
