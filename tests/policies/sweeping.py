"""Reports as the steps of a sweep, and the verdicts on copies of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from service import times
from service.policies.guard.judging import Judging
from service.policies.guard.verdict import Verdict, verdict_as_json
from service.policies.rules.places import TABLES_SCRIPT
from service.store.engines.image import ImageBuilder

Tables = dict[str, Any]
START = times.parse("2026-01-15 12:00:00")


def _columns() -> list[str]:
    with (
        closing(ImageBuilder(TABLES_SCRIPT.read_text(encoding="utf-8"))) as builder,
        builder.filled() as connection,
    ):
        found = connection.execute("SELECT * FROM servidor_vigente")
        return [column[0] for column in found.description or ()]


def steps(reports: Sequence[Tables], resets: int) -> tuple[list[Any], list[dict[str, Any]]]:
    """Programs, and the steps between the reports. resets: at every such number."""
    programs: dict[tuple[Any, ...], int] = {}
    made, columns = [], _columns()
    last: Tables = {}
    for number, report in enumerate(reports):
        is_first = number % resets == 0
        if is_first:
            last = {"servidor_vigente": [(None,) * len(columns)], "proceso": [], "usuario": []}
        row, former = report["servidor_vigente"][0], last["servidor_vigente"][0]
        step: dict[str, Any] = {
            "now": START + number * times.MINUTE,
            "only": None,
            "reset": is_first,
            "server": {
                name: value
                for name, value, before in zip(columns, row, former, strict=True)
                if is_first or value != before or name == "estado"
            },
            "etiqueta": None if report["etiqueta"] == last.get("etiqueta") else report["etiqueta"],
            "seq": number,
        }
        for table in ("proceso", "usuario"):
            added = [now for now in report[table] if now not in last[table]]
            spans = [(number, _gone(reports, number, table, row), *row) for row in added]
            if table == "proceso":
                spans = [
                    (first, gone, row_id, pid, ppid, programs.setdefault(
                        (name, user, path, line), len(programs)), start)
                    for first, gone, row_id, _, pid, ppid, name, user, start, path, line, _ in spans
                ]  # fmt: skip
            else:
                spans = [span[:-1] for span in spans]
            step[table] = spans
        made.append(step)
        last = report
    return [(number, *values) for values, number in programs.items()], made


def _gone(reports: Sequence[Tables], first: int, table: str, row: tuple[Any, ...]) -> int | None:
    """The first report after one of a row that has it no more."""
    later = range(first + 1, len(reports))
    return next((number for number in later if row not in reports[number][table]), None)


def copied(
    judging: Judging, reports: Sequence[Tables], server: int = 1
) -> list[dict[str, Verdict]]:
    found = []
    with closing(ImageBuilder(TABLES_SCRIPT.read_text(encoding="utf-8"))) as builder:
        for number, report in enumerate(reports):
            judging.open(builder.image_of(report))
            now = times.to_text(START + number * times.MINUTE)
            found.append(judging.judge_server(server, now))
    return found


def shown(verdicts: dict[str, Verdict]) -> dict[str, object]:
    return {rule: verdict_as_json(verdict) for rule, verdict in verdicts.items()}
