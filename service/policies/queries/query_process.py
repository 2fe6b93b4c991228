"""The process in which one query of an administrator runs; it ends with the query.

    python -m service.policies.queries.query_process MEMORY_BYTES

It is as poor as that of the guard: no database, no secret, no file, and the same limits. First it
tells what the statement reads, over relations without rows; then it runs it over an image.
service/policies/queries/query_runner.py starts it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.frames import json_frame, read_frame
from service.policies.guard.guard_process import allow_processor, drop_privileges
from service.policies.guard.workspace import Workspace
from service.store.engines.sandbox import Cell

_NICE = 10
_OOM_SCORE = Path("/proc/self/oom_score_adj")
LISTED = "procesos_listados"  # matching names with lists costs more than the rest of an image

_KINDS = {
    StatementRefusedError: "refused",
    StatementBrokenError: "broken",
    StatementLimitError: "limit",
}


def main() -> int:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    # Reports come first. The unit of the service allows no change of priority.
    with suppress(OSError):
        os.nice(_NICE)
    with suppress(OSError):  # proc(5): where memory runs out, the kernel ends this process first
        _OOM_SCORE.write_text("1000", encoding="ascii")
    drop_privileges(int(sys.argv[1]))
    workspace = Workspace()
    while (payload := read_frame(requests.read)) is not None:
        request = orjson.loads(payload)
        allow_processor(request["processor"])
        image = read_frame(requests.read) if request["do"] == "run" else None
        try:
            answer = _answer(workspace, request, image)
        except tuple(_KINDS) as error:
            answer = {"error": _KINDS[type(error)], "detail": str(error)}
        except MemoryError:  # outside of a statement
            return 1
        for each in (answer, {"end": True}):
            answers.write(json_frame(each))
        answers.flush()
    return 0


def _answer(
    workspace: Workspace, request: Mapping[str, Any], image: bytes | None
) -> dict[str, object]:
    sandbox, parameters = workspace.sandbox, {"ahora": request["now"]}
    if image is None:
        found = sandbox.describe(request["sql"], parameters)
        return {"reads": sorted(found.reads)}
    workspace.matches_names = request["lists"]
    workspace.set_data(request["data"])
    workspace.open(image)
    workspace.show(None)
    allow_processor(request["seconds"])
    columns, rows, cut = sandbox.first(
        request["sql"],
        parameters,
        seconds=request["seconds"],
        max_rows=request["rows"],
        max_characters=request["characters"],
    )
    return {"columns": columns, "rows": [list(map(_shown, row)) for row in rows], "cut": bool(cut)}


def _shown(cell: Cell) -> Cell:
    """The cell, for JSON, which has no infinity."""
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


if __name__ == "__main__":
    sys.exit(main())
