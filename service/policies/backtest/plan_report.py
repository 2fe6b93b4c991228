"""A plan as text for a terminal, and as Markdown for a pull request.

It names rules, servers and counts, and no row of a rule: a pull request is read by many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from service import times
from service.policies.backtest.plan import Change, Kind, Plan, Side
from service.policies.guard.verdict import State

_MOST_NAMES = 10
_COLUMNS = (
    "rule",
    "change",
    "pass",
    "fail",
    "unknown",
    "do not apply",
    "violations",
    "alerts a day",
    "unknown time",
)
_NONE = "—"


def lines(plan: Plan, *, is_markdown: bool) -> Iterator[str]:
    days = round((plan.period.until - plan.period.since) / times.DAY)
    kinds = Counter(change.kind for change in plan.changes)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind if kinds[kind])
    heading = f"Rules: {counts or 'no change'}, {plan.unchanged} unchanged"
    yield f"### {heading}" if is_markdown else heading
    yield ""
    if plan.changes:
        yield (
            f"Verdicts now, and the last {days} days by what servers reported"
            f" ({len(plan.servers)} servers); before → after."
        )
        yield ""
        rows = [_cells(change) for change in plan.changes]
        yield from _markdown(rows) if is_markdown else _table(rows)
        yield ""
    item = "- " if is_markdown else ""
    for change in plan.changes:
        for what, servers in (
            ("begins to fail", change.begin_to_fail()),
            ("ceases to fail", change.cease_to_fail()),
        ):
            if servers:
                yield f"{item}{_code(change.rule, is_markdown)} {what} on {_names(plan, servers)}"
    for change in plan.changes:
        for side in (change.before, change.after):
            if side is not None and side.summary.unjudged:
                when = "before" if side is change.before else "after"
                yield (
                    f"{item}{_code(change.rule, is_markdown)} ({when}) broke or passed its limit"
                    f" on {len(side.summary.unjudged)} servers"
                )
    for warning in plan.warnings:
        yield f"{item}warning: {warning}"
    yield f"{item}{'Verdicts change.' if plan.changes_verdicts else 'No verdict changes.'}"


def _cells(change: Change) -> Sequence[str]:
    before, after = change.before, change.after

    def both(of: Sequence[str | None]) -> str:
        was, now = (_NONE if value is None else value for value in of)
        return was if was == now else f"{was} → {now}"

    def counted(state: State) -> str:
        return both([None if side is None else str(side.counts[state]) for side in (before, after)])

    return (
        change.rule,
        str(change.kind),
        counted(State.CUMPLE),
        counted(State.FALLA),
        counted(State.DESCONOCIDO),
        counted(State.NO_APLICA),
        both([None if side is None else str(side.openings) for side in (before, after)]),
        both([_alerts(side) for side in (before, after)]),
        both([_unknown(side) for side in (before, after)]),
    )


def _alerts(side: Side | None) -> str | None:
    return None if side is None else f"{side.summary.alerts_a_day:.2f}"


def _unknown(side: Side | None) -> str | None:
    return None if side is None else f"{100 * side.unknown:.1f} %"


def _names(plan: Plan, servers: set[int]) -> str:
    shown = sorted(servers)[:_MOST_NAMES]
    names = ", ".join(f"{_plain(plan.servers[server].name)} ({server})" for server in shown)
    more = len(servers) - len(shown)
    return f"{names} and {more} more" if more else names


def _plain(name: str) -> str:
    """A name that servers gave themselves, without what Markdown or a terminal would take."""
    return "".join(c if c.isalnum() or c in ".:-_" else "?" for c in name)


def _code(rule: str, is_markdown: bool) -> str:
    return f"`{rule}`" if is_markdown else rule


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    found = [_COLUMNS, *rows]
    widths = [max(len(row[at]) for row in found) for at in range(len(_COLUMNS))]
    for row in found:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _markdown(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for rule, *cells in rows:
        yield f"| {' | '.join((f'`{rule}`', *cells))} |"
