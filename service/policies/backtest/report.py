"""A back-test as text, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from service import times
from service.plain_text import plain
from service.policies.backtest.history import Axis
from service.policies.backtest.summary import COLUMNS, Row, Summary
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.verdict import State

_MOST_ROWS = 50  # of the text; CSV and JSON have all
_SECONDS = 19  # characters of a time without its fraction
_BEFORE = "before"  # where no earlier record was judged
_RESERVED = "reserved"  # instead of a row that is for `admin` alone
_STATES = (State.CUMPLE, State.FALLA, State.DESCONOCIDO, State.NO_APLICA)


def lines(rule: RuleInForce, summary: Summary, axis: Axis) -> Iterator[str]:
    """For people."""
    since, until = _short(summary.period.since), _short(summary.period.until)
    order = "as reports arrived" if axis is Axis.LLEGADA else "as known today"
    yield f"{rule.id}, version {rule.rule.version}: {since} to {until}, {order}"
    yield ""
    if summary.rows:
        is_reserved = rule.reads_command_lines
        shown = summary.rows[:_MOST_ROWS]
        yield from _table([_text_cells(row, is_reserved=is_reserved) for row in shown])
        if len(summary.rows) > _MOST_ROWS:
            yield f"… and {len(summary.rows) - _MOST_ROWS} more: --csv has all"
        yield ""
    yield from _totals(summary, is_reserved=rule.reads_command_lines)


def _totals(summary: Summary, *, is_reserved: bool) -> Iterator[str]:
    yield (
        f"{_count(summary.servers, 'server')}: {summary.failed} failed at some time,"
        f" {summary.unknown} unknown at some time"
    )
    yield (
        f"{_count(len(summary.rows), 'violation')}, {_count(summary.alerts, 'alert')}"
        f" ({summary.alerts_a_day:.2f} a day)"
    )
    shares = summary.shares()
    if shares:
        by_state = dict.fromkeys(_STATES, 0.0)
        for (state, _), share in shares.items():
            by_state[state] += share
        parts = ", ".join(f"{state} {_percent(share)}" for state, share in by_state.items())
        yield f"time judged: {parts}"
        unknown = [f"{reason} {_percent(share)}" for (_, reason), share in shares.items() if reason]
        if unknown:
            yield f"unknown by reason: {', '.join(unknown)}"
    noisiest = summary.noisiest()
    if noisiest:
        yield "noisiest keys:"
        for server, key, told in noisiest:
            shown = _RESERVED if is_reserved else plain(key)
            yield f"  server {server}, {shown}: {_count(told, 'alert')}"
    begin = summary.records_begin_at
    if begin is not None and begin > summary.period.since:
        yield f"records begin {_short(begin)}: nothing is known of the time before"
    if summary.unjudged:
        servers = ", ".join(map(str, summary.unjudged[:10]))
        more = ", …" if len(summary.unjudged) > 10 else ""
        yield f"not all judged: the rule broke or passed its limit on server {servers}{more}"


def write_csv(rule: RuleInForce, summary: Summary, file: TextIO) -> None:
    """A row for each violation. Who reads what a pipeline writes need not be `admin`: no `clave` of
    a rule that reads command lines.
    """
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for row in summary.rows:
        rows.writerow(map(_cell, cells(row, is_reserved=rule.reads_command_lines)))


def as_json(rule: RuleInForce, summary: Summary, axis: Axis, *, is_whole: bool) -> str:
    """All that was found, as JSON. Times of verdicts are seconds."""
    is_reserved = rule.reads_command_lines
    found = figures(rule, summary, axis, is_whole=is_whole) | {
        "violaciones": [_violation(row, is_reserved=is_reserved) for row in summary.rows],
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def figures(rule: RuleInForce, summary: Summary, axis: Axis, *, is_whole: bool) -> dict[str, Any]:
    """All but the violations, for JSON."""
    is_reserved = rule.reads_command_lines
    return {
        "regla": rule.id,
        "version": rule.rule.version,
        "texto": rule.hash,
        "desde": times.to_text(summary.period.since),
        "hasta": times.to_text(summary.period.until),
        "eje": str(axis),
        "completo": is_whole,
        "servidores": summary.servers,
        "servidores_que_fallan": summary.failed,
        "servidores_desconocidos": summary.unknown,
        "servidores_sin_juzgar": summary.unjudged,
        "juzgados": summary.judged,
        "registros_desde": _time(summary.records_begin_at),
        "alertas": summary.alerts,
        "alertas_por_dia": round(summary.alerts_a_day, 4),
        "tiempo": [
            {"veredicto": str(state), "razon": reason, "segundos": part // times.SECOND}
            for (state, reason), part in summary.time.most_common()
        ],
        "claves_ruidosas": [
            {"servidor": server, "clave": None if is_reserved else json.loads(key), "alertas": told}
            for server, key, told in summary.noisiest()
        ],
    }


def _violation(row: Row, *, is_reserved: bool) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(COLUMNS, cells(row), strict=True))
    violation = row.violation
    return found | {
        "clave": None if is_reserved else json.loads(row.clave),
        "tardia": row.tardia,
        "id": violation.digest.hex(),
        "tipo": violation.kind,
        "caso": violation.case.hex(),
        "filas": violation.total,
        "evidencia": None if is_reserved else json.loads(violation.evidence),
        "motivo_es": None if is_reserved else violation.motive_es,
        "motivo_en": None if is_reserved else violation.motive_en,
        "reservada": is_reserved,
    }


def cells(row: Row, *, is_reserved: bool = False) -> Sequence[object]:
    """In the order of COLUMNS; times as the relations show them."""
    return (
        row.servidor,
        row.nombre,
        None if is_reserved else row.clave,
        _time(row.abierta_tras),
        _time(row.abierta_en),
        _time(row.confirmada_en),
        _time(row.vista),
        _time(row.resuelta_en),
        row.fin,
        row.recaidas,
        int(row.tardia),
        row.alertas,
    )


def _text_cells(row: Row, *, is_reserved: bool) -> Sequence[str]:
    shown = list(cells(row, is_reserved=is_reserved))
    shown[2] = shown[2] or _RESERVED
    shown[3] = shown[3] or _BEFORE
    shown[10] = "yes" if row.tardia else "no"
    texts = ["" if cell is None else plain(str(cell)) for cell in shown]
    for at in range(3, 8):
        texts[at] = texts[at][:_SECONDS]
    return texts


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    found = [COLUMNS, *rows]
    widths = [max(len(row[at]) for row in found) for at in range(len(COLUMNS))]
    for row in found:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _time(at: int | None) -> str | None:
    return None if at is None else times.to_text(at)


def _short(at: int) -> str:
    return times.to_text(at)[:_SECONDS]


def _percent(share: float) -> str:
    """Rounded down: nothing is whole that is not."""
    return f"{int(share * 1000) / 10:.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
