"""Loads and saves what is known of rules on servers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from service.store.engines import Connection
from service.store.rule_state import RuleState, Standing, Written
from service.store.verdict_rows import (
    Bound,
    Cursor,
    Judgement,
    Span,
    Violation,
    day_bound,
    flat,
    hour_bound,
    tick_bound,
)
from service.store.write.multi_row import insert_rows, select_rows

_SERVER_ID = 1  # its place in a row of judgements, and of spans
_RETIRED = "retirado"
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class States:
    """What is known of rules on some servers, in memory."""

    def __init__(self, found: Mapping[tuple[int, str], RuleState]) -> None:
        self._found = dict(found)

    def __getitem__(self, key: tuple[int, str]) -> RuleState:
        """Of a server and a rule; a new state if nothing is stored of it."""
        if key not in self._found:
            self._found[key] = RuleState(*key)
        return self._found[key]

    def add(self, others: States) -> None:
        self._found |= others._found

    def __iter__(self) -> Iterator[RuleState]:
        return iter(list(self._found.values()))

    def continue_renamed(self, formerly: Mapping[str, str], servers: Iterable[int]) -> None:
        """Rules continue what is pending under the ids that they had before.

        formerly: the id that a rule had before, by its id now.
        """
        for server_id in servers:
            for rule, former in formerly.items():
                if (server_id, former) in self._found:
                    self[server_id, rule].pending += self[server_id, former].pending


class VerdictStore:
    """The tables of verdicts. Only the evaluator writes them, so a state may be kept in memory."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def cursors(
        self, connection: Connection, servers: Iterable[int] | None = None
    ) -> dict[int, Cursor]:
        """How far servers are judged, or all of them; without those that never were."""
        if servers is None:
            rows: Iterable[Any] = connection.execute(self._queries["all_judged_cursors"])
        else:
            rows = self._select(connection, "judged_cursors", servers)
        return {row[0]: Cursor.of_row(row) for row in rows}

    def fleet_tick(self, connection: Connection) -> int | None:
        """The last tick that judged the rules of the fleet."""
        row = connection.execute(self._queries["fleet_tick"]).fetchone()
        return None if row is None else int(row[0])

    def previous_fleet_tick(self, connection: Connection) -> int:
        """The tick before that; 0 if there was none."""
        row = connection.execute(self._queries["previous_fleet_tick"]).fetchone()
        return 0 if row is None else int(row[0])

    def standings(
        self, connection: Connection, servers: Iterable[int]
    ) -> dict[tuple[int, str], Standing]:
        """What is stored of the rules on some servers that have nothing open or pending."""
        wanted = sorted(set(servers))
        found: dict[tuple[int, str], Standing] = {}
        for server_id, rule, text_id, is_known, state, reason in self._select(
            connection, "standings", wanted
        ):
            span = None if state is None else (state, reason)
            found[server_id, rule] = Standing(text_id, bool(is_known), span)
        for server_id, rule in self._select(connection, "rules_with_violations", wanted):
            found.pop((server_id, rule), None)
        return found

    def load(
        self,
        connection: Connection,
        servers: Iterable[int],
        formerly: Mapping[str, str] | None = None,
        unchanged: Collection[tuple[int, str]] = (),
    ) -> States:
        """What is known of all rules on some servers. formerly: the id that a rule had before.

        A rule continues what was pending under its former id. unchanged: servers and rules that are
        left out, and have nothing open or pending.
        """
        wanted = sorted(set(servers))
        cursors = self.cursors(connection, wanted)
        states = States({})
        tick = self.fleet_tick(connection)
        by_text: dict[tuple[int, int], RuleState] = {}
        clocks: dict[tuple[int, str], tuple[bool, str]] = {}
        for rule, is_fleet, clock, *row in self._select(connection, "judgements_now", wanted):
            if (row[_SERVER_ID], rule) in unchanged:
                continue
            judgement = Judgement.of_row(tuple(row))
            state = states[judgement.server_id, rule]
            state.judgement = judgement
            by_text[judgement.server_id, judgement.text_id] = state
            clocks[judgement.server_id, rule] = bool(is_fleet), clock
        for rule, *row in self._select(connection, "spans_now", wanted):
            if (row[_SERVER_ID], rule) in unchanged:
                continue
            span = Span.of_row(tuple(row))
            states[span.server_id, rule].span = span
        for rule, *row in self._select(connection, "live_violations", wanted):
            _put(states, rule, Violation.of_row(tuple(row)))
        for server_id, text_id, at in self._select(connection, "recent_openings", wanted):
            if (server_id, text_id) in by_text:
                by_text[server_id, text_id].openings.append(at)
        for (server_id, rule), (is_fleet, clock) in clocks.items():
            state = states[server_id, rule]
            state.last = _last(state, cursors.get(server_id), tick if is_fleet else None, clock)
        states.continue_renamed(formerly or {}, wanted)
        return states

    def load_late(
        self, connection: Connection, states: States, server_id: int, after_at: int, until_at: int
    ) -> None:
        """Adds what ended of a server between two places: what a late report may have seen too."""
        around = {"server_id": server_id, "after_at": after_at, "until_at": until_at}
        for rule, *row in connection.execute(self._queries["violations_around"], around):
            violation, state = Violation.of_row(tuple(row)), states[server_id, rule]
            # What was loaded or ended before is newer than what is stored.
            if all(violation.digest != found.digest for found in state.known):
                state.known.append(violation)

    def save(
        self,
        connection: Connection,
        states: Iterable[RuleState] = (),
        cursors: Sequence[Cursor] = (),
        fleet_tick: int | None = None,
    ) -> None:
        """Stores what changed. Call within a transaction; after one that fails, load anew.

        fleet_tick: the tick that these states were judged at.
        """
        for state in states:
            for row in state.written:  # what ends comes before what begins in its place
                self._write(connection, row)
            for violation, report in state.sightings:
                values = (violation.number, report.report_id, report.at, report.received_at)
                _run(connection, self._queries["add_late_sighting"], values)
            for gap in state.gaps:
                bounds = flat(gap.seen) + flat(gap.cleared) + flat(gap.back)
                _run(connection, self._queries["add_relapse_gap"], (gap.violation.number, *bounds))
            state.written, state.sightings, state.gaps, state.transitions = [], [], [], []
            state.known = list(state.pending)
        if cursors:
            insert_rows(
                connection, self._queries["put_cursor"], [cursor.values() for cursor in cursors]
            )
        if fleet_tick is not None:
            connection.execute(self._queries["put_fleet_tick"], {"at": fleet_tick})

    def deaf_spans(self, connection: Connection, since: int) -> list[tuple[int, int | None]]:
        """When the service could not hear, or not judge, that lasted until after a moment."""
        result = connection.execute(self._queries["deaf_spans"], {"since": since})
        return [(row[0], row[1]) for row in result]

    def add_deaf_span(self, connection: Connection, from_at: int, until_at: int | None) -> None:
        """until_at: null while it goes on."""
        parameters = {"from_at": from_at, "until_at": until_at}
        connection.execute(self._queries["add_deaf_span"], parameters)

    def close_deaf_spans(self, connection: Connection, until_at: int) -> None:
        connection.execute(self._queries["close_deaf_spans"], {"until_at": until_at})

    def _write(self, connection: Connection, row: Written) -> None:
        values = row.values()
        if isinstance(row, Violation):
            add, update, changing = "add_violation", "update_violation", row.changing()
        elif isinstance(row, Span):
            add, update, changing = "add_span", "update_span", values[13:]
        else:
            add, update, changing = "add_judgement", "update_judgement", values[6:]
        if row.number is None:
            result = _run(connection, self._queries[add], values)
            row.number = int(result.fetchone()[0])
        else:
            _run(connection, self._queries[update], (*changing, row.number))

    def _select(self, connection: Connection, query: str, servers: Iterable[int]) -> list[Any]:
        return select_rows(connection, self._queries[query], [(server,) for server in servers])


def _put(states: States, rule: str, violation: Violation) -> None:
    state = states[violation.server_id, rule]
    if violation.ended is None:
        state.open[violation.slot] = violation
    else:
        state.pending.append(violation)
        state.known.append(violation)


def _last(state: RuleState, cursor: Cursor | None, tick: int | None, clock: str) -> Bound | None:
    """The last event that judged a rule, whether it wrote a row of it or not.

    Nothing judges it while its server is retired.
    """
    if state.span is not None and state.span.reason == _RETIRED:
        return state.span.first
    found: list[Bound | None] = []
    if state.judgement is not None:
        found.append(state.judgement.since)
    if state.span is not None:
        found.append(state.span.first)
    if tick is not None:
        found.append(tick_bound(tick))
    elif cursor is not None:
        found.extend((cursor.event, cursor.tag))
        if clock == "hora" and cursor.hour_at is not None:
            found.append(hour_bound(cursor.hour_at))
        if clock == "dia" and cursor.day_at is not None:
            found.append(day_bound(cursor.day_at))
    known = [bound for bound in found if bound is not None]
    # Places of reports rise with their order, even if our own clock was set back; arrivals do not.
    reports = [bound for bound in known if bound.report_id is not None]
    report = max(reports, key=lambda bound: bound.at, default=None)
    events = [bound for bound in known if bound.report_id is None]
    last = events if report is None else [*events, report]
    return max(last, key=lambda bound: bound.received_at, default=None)


def _run(connection: Connection, query: str, values: Sequence[object]) -> Any:  # noqa: ANN401 — a Result
    """Runs a query whose parameters are given in the order in which they first stand in it."""
    return connection.execute(query, dict(zip(_names(query), values, strict=True)))


@lru_cache(maxsize=100)
def _names(query: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PARAMETER.findall(query)))
