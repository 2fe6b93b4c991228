"""Periods: for how long each rule passed, failed or was unknown on each server.

They are read from the spans of verdicts that the evaluator stored; nothing is judged anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from service import times
from service.store.engines import Connection, Database
from service.store.read.moments import Moment
from service.store.read.period_filter import (
    DeafSpan,
    Known,
    PeriodFilter,
    PeriodRule,
    PeriodServer,
    end_of,
)
from service.store.read.period_rows import RULE_BITS, Found, PeriodRow, rows_of
from service.store.read.period_totals import PeriodTotals, totals_of
from service.store.read.tags import Told
from service.store.read.waivers import WaiverReader

ANSWER_SECONDS = 60.0  # that totals may take, of a long period and many servers
BATCH = 50  # servers that are read at a time
_RULES_AT_LEAST = 40  # of a server, as a guess


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """Some rows, by server and rule; `after` is the cursor of the next page, or null."""

    rows: list[PeriodRow]
    after: int | None


class PeriodStore:
    """Its methods raise StorageUnavailableError. clock: for waivers."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries, self._clock = database, queries, clock
        self._waivers = WaiverReader(queries)

    def known(self, criteria: PeriodFilter, judged_until: int) -> Known:
        """judged_until: all that was so until then is judged."""
        known_at = criteria.known_at
        until = min(end_of(criteria.until), end_of(known_at), judged_until)
        with self._database.snapshot() as connection:
            query = self._queries["first_judgement"]
            (begins_at,) = connection.execute(query, {"known_at": known_at}).fetchone()
            since = begins_at if criteria.since is None else criteria.since
            since = until if since is None else since
            rules = self._rules(connection, until - 1)
            # A period of which nothing is judged is empty, and no time before it belongs to it.
            period = {"since": since, "until": until}
            query = self._queries["deaf_spans_between"]
            deaf = connection.execute(query, period).fetchall() if since < until else ()
            end, now = Moment(max(until - 1, 0), known_at), self._clock()
            waived = self._waivers.waived(connection, end, now, criteria.rule, criteria.server_id)
            told = self._waivers.told_until(connection, end, now)
        wanted = {number: rule for number, rule in rules.items() if _is_asked_for(rule, criteria)}
        names = {rule.rule for rule in wanted.values()}
        return Known(
            criteria,
            since,
            until,
            begins_at,
            wanted,
            [DeafSpan(*row) for row in deaf],
            [
                waiver
                for waiver in told
                if waiver.rule in names
                and waiver.ends_at > since
                and (
                    None in {waiver.server_id, criteria.server_id}
                    or waiver.server_id == criteria.server_id
                )
            ],
            waived,
        )

    def page(
        self, known: Known, after: int, limit: int, *, only_failed: bool = False
    ) -> PeriodPage:
        """The rows after a cursor; 0 for the first page. only_failed: those that failed at all."""
        with self._database.snapshot() as connection:
            batches = self._batches(connection, known, after, limit // _RULES_AT_LEAST + 1)
            rows = (row for batch in batches for row in batch)
            wanted = (row for row in rows if row.has_failed) if only_failed else rows
            found = list(islice(wanted, limit + 1))
        return _page(found, limit)

    def batches(self, known: Known, after: int) -> Iterator[list[PeriodRow]]:
        """All of them, in batches, each of a snapshot of its own: no reader holds one for long."""
        position: int | None = after
        while position is not None:
            with self._database.snapshot() as connection:
                rows, position = self._batch(connection, known, position, BATCH)
            yield rows

    def totals(self, known: Known) -> PeriodTotals:
        """The period by rule, by control and by server."""
        return totals_of(known, self.batches(known, 0))

    def overview(self, known: Known, limit: int) -> tuple[PeriodTotals, PeriodPage]:
        """These, and the first page of what failed at all, read once."""
        failed: list[PeriodRow] = []

        def noted() -> Iterator[list[PeriodRow]]:
            for batch in self.batches(known, 0):
                more = (row for row in batch if row.has_failed)
                failed.extend(islice(more, limit + 1 - len(failed)))
                yield batch

        return totals_of(known, noted()), _page(failed, limit)

    def _batches(
        self, connection: Connection, known: Known, after: int, servers: int
    ) -> Iterator[list[PeriodRow]]:
        position: int | None = after
        while position is not None:
            rows, position = self._batch(connection, known, position, servers)
            yield rows
            servers = min(2 * servers, BATCH)

    def _batch(
        self, connection: Connection, known: Known, after: int, most: int
    ) -> tuple[list[PeriodRow], int | None]:
        """The rows of some servers, and the cursor behind them; null if no server is left."""
        if known.since >= known.until or not known.rules:
            return [], None
        servers = self._servers(connection, known, after, most)
        if not servers:
            return [], None
        found = Found(connection, self._queries, known, servers[0].id, servers[-1].id)
        rows = [
            row for server in servers for row in rows_of(server, known, found) if row.key > after
        ]
        end = servers[-1].id << RULE_BITS | (1 << RULE_BITS) - 1
        return rows, end if len(servers) == most else None

    def _servers(
        self, connection: Connection, known: Known, after: int, most: int
    ) -> list[PeriodServer]:
        criteria = known.criteria
        key, value = criteria.tag or (None, None)
        told = Told.at(Moment(known.until - 1, criteria.known_at))
        parameters = known.parameters() | told._asdict() | {"key": key, "value": value}
        # The server of the cursor may have more rows.
        place = {"server_id": criteria.server_id, "after": (after >> RULE_BITS) - 1}
        rows = connection.execute(
            self._queries["period_servers"], parameters | place | {"limit": most}
        )
        return [
            PeriodServer(
                server_id,
                address,
                host,
                bool(is_closed) and known.is_whole,
                bool(for_fleet) and known.is_whole,
            )
            for server_id, address, host, is_closed, for_fleet in rows
        ]

    def _rules(self, connection: Connection, words_at: int) -> dict[int, PeriodRule]:
        first: dict[str, int] = {}
        rules = {}
        for text_id, rule, is_fleet, severity, controls in connection.execute(
            self._queries["period_rules"], {"words_at": words_at}
        ):
            number = first.setdefault(rule, text_id)
            rules[text_id] = PeriodRule(
                rule, number, bool(is_fleet), severity, json.loads(controls)
            )
        return rules


def _page(found: list[PeriodRow], limit: int) -> PeriodPage:
    """found: one more than the page holds, if there are more."""
    return PeriodPage(found[:limit], found[limit - 1].key if len(found) > limit else None)


def _is_asked_for(rule: PeriodRule, criteria: PeriodFilter) -> bool:
    return (
        (criteria.rule is None or rule.rule == criteria.rule)
        and (criteria.severity is None or rule.severity == criteria.severity)
        and (criteria.framework is None or bool(rule.controls.get(criteria.framework)))
    )
