"""The rows of a period: a rule on a server, and for how long each verdict held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.store.engines import Connection
from service.store.read.bounds import bounds_of
from service.store.read.period_filter import Known, PeriodRule, PeriodServer, end_of
from service.store.read.stretches import (
    History,
    Stretch,
    TextStretch,
    silences,
    stretches,
    without,
)
from service.store.read.waivers import Waiver
from service.store.verdict_rows import Bound

RULE_BITS = 20  # of a cursor, for the number of a rule
_RETIRED = ("no_aplica", "retirado")
_OPEN = ("falla", "desconocido")  # verdicts under which a violation goes on


class Shares:
    """What shares of times have in common."""

    __slots__ = ()

    def time(self, state: str) -> int:
        """For how long a verdict held, in microseconds."""
        raise NotImplementedError

    @property
    def share(self) -> int | None:
        """Per cent of the time in which it applied that it passed, rounded down; of none, null."""
        passing = self.time("cumple")
        applies = passing + self.time("falla") + self.time("desconocido")
        return 100 * passing // applies if applies else None

    @property
    def share_of_known(self) -> int | None:
        """The same of the time in which it was known whether it passed."""
        passing = self.time("cumple")
        known = passing + self.time("falla")
        return 100 * passing // known if known else None


class Failing(NamedTuple):
    """What is open at the end of a period: the first of it.

    case_since_at: when the first of a chain of violations opened that were not repaired.
    """

    case_since_at: int
    opened_after: Bound | None
    opened_in: Bound


@dataclass(frozen=True, slots=True)
class PeriodRow(Shares):
    """A rule on a server in a period. Times are microseconds.

    history: one object where verdicts are the same. failing: what is open at the end of the period,
    also where the verdict is unknown. violations: how many went on in it, those included that late
    reports alone show. late_sights: late reports that show what was open. waiver: of a verdict that
    fails at the end, all of which is waived then, the one that ends first.
    """

    server: PeriodServer
    rule: PeriodRule
    history: History
    failing: Failing | None
    violations: int
    late: int
    late_sights: int
    waiver: Waiver | None = None

    def time(self, state: str) -> int:
        return self.history.by_state.get(state, 0)

    @property
    def times(self) -> Mapping[tuple[str, str | None], int]:
        """Microseconds by state and reason."""
        return self.history.times

    @property
    def last(self) -> Stretch | None:
        """The verdict at the end of the period; null if the rule did not judge the server then."""
        return self.history.last

    @property
    def has_failed(self) -> bool:
        """Whether the server failed at all, by what was in time or came late."""
        return bool(self.time("falla") or self.failing or self.late)

    @property
    def judged_from(self) -> int:
        """The place of the first verdict in the period, or its beginning."""
        return self.history.verdicts[0].since

    @property
    def is_closed(self) -> bool:
        """Whether nothing of it will change."""
        server = self.server
        return server.is_closed_for_fleet if self.rule.is_fleet else server.is_closed

    @property
    def key(self) -> int:
        return self.server.id << RULE_BITS | self.rule.number


class _Violation(NamedTuple):
    server_id: int
    text_id: int
    id: int
    is_late: int
    case_since_at: int
    cleared_at: int | None
    ended_at: int | None
    opened_after: Bound | None
    opened_in: Bound

    @property
    def until(self) -> int:
        return min(end_of(self.cleared_at), end_of(self.ended_at))


class Found:
    """What is stored of some servers, by server and text."""

    def __init__(
        self,
        connection: Connection,
        queries: Mapping[str, str],
        known: Known,
        first: int,
        last: int,
    ) -> None:
        parameters = known.parameters() | {"first": first, "last": last}

        def rows(query: str) -> Any:  # noqa: ANN401 — the columns are those of the query
            return connection.execute(queries[query], parameters)

        self.texts: defaultdict[int, list[TextStretch]] = defaultdict(list)
        self.spans: defaultdict[int, dict[int, list[Stretch]]] = defaultdict(dict)
        self.failing: defaultdict[int, dict[int, list[Stretch]]] = defaultdict(dict)
        self.open: defaultdict[int, list[_Violation]] = defaultdict(list)
        self.violations: defaultdict[int, list[_Violation]] = defaultdict(list)
        self.late_sights: dict[tuple[int, str], int] = {}
        self._known = known
        self._histories: dict[object, History] = {}
        for server, text_id, since, until in rows("period_judgements"):
            self.texts[server].append(TextStretch(since, end_of(until), text_id))
        for server, text_id, _, state, reason, since, until in rows("period_spans"):
            span = Stretch(since, end_of(until), state, reason)
            self.spans[server].setdefault(text_id, []).append(span)
        gaps: defaultdict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for violation_id, cleared_at, back_at in rows("period_gaps"):
            gaps[violation_id].append((cleared_at, back_at))
        for row in rows("period_violations"):
            found = _Violation(*row[:7], *bounds_of(row[7:]))
            self.violations[found.server_id].append(found)
            if found.is_late:
                continue
            whole = Stretch(found.opened_in.at, found.until, "falla")
            shown = list(without(whole, gaps.get(found.id, ())))
            self.failing[found.server_id].setdefault(found.text_id, []).extend(shown)
            if any(part.since < known.until <= part.until for part in shown):
                self.open[found.server_id].append(found)
        for server, rule, count in rows("period_late_sightings"):
            self.late_sights[server, rule] = count

    def history(self, server_id: int, texts: Sequence[TextStretch]) -> History:
        """The verdicts of a rule; of most rules on most servers they are the same."""
        known = self._known
        spans, failing = self.spans.get(server_id, {}), self.failing.get(server_id, {})
        first = texts[0]
        same: object = (
            max(first.since, known.since),
            min(first.until, known.until),
            tuple(spans.get(first.text_id, ())),
            tuple(failing.get(first.text_id, ())),
        )
        if len(texts) > 1:
            same = (server_id, *texts)
        made = self._histories.get(same)
        if made is None:
            verdicts = stretches(texts, spans, failing, known.since, known.until)
            made = self._histories[same] = History(verdicts, known.until)
        return made


def rows_of(server: PeriodServer, known: Known, found: Found) -> Iterator[PeriodRow]:
    """The rows of a server, by the numbers of their rules."""
    texts: dict[int, list[TextStretch]] = {}
    rules: dict[int, PeriodRule] = {}
    for text in found.texts.get(server.id, ()):
        rule = known.rules.get(text.text_id)
        if rule is not None:
            rules[rule.number] = rule
            texts.setdefault(rule.number, []).append(text)
    spans = found.spans.get(server.id, {})
    if spans:
        server = server._replace(silences=silences(spans, known.since, known.until))
    of_rule = _by_rule(known, found.violations.get(server.id, ()))
    open_at_end = _by_rule(known, found.open.get(server.id, ()))
    for number in sorted(rules):
        rule, history = rules[number], found.history(server.id, texts[number])
        if not history.times or history.times.keys() == {_RETIRED}:
            continue
        violations, still = of_rule.get(number, ()), open_at_end.get(number)
        is_open = still and history.state in _OPEN
        yield PeriodRow(
            server,
            rule,
            history,
            _first_of(still) if still and is_open else None,
            len(violations),
            sum(violation.is_late for violation in violations),
            found.late_sights.get((server.id, rule.rule), 0),
            known.waived.get((rule.rule, server.id)) if history.state == "falla" else None,
        )


def _by_rule(known: Known, violations: Sequence[_Violation]) -> dict[int, list[_Violation]]:
    found: dict[int, list[_Violation]] = {}
    for violation in violations:
        rule = known.rules.get(violation.text_id)
        if rule is not None:
            found.setdefault(rule.number, []).append(violation)
    return found


def _first_of(violations: Sequence[_Violation]) -> Failing:
    first = min(violations, key=lambda each: (each.opened_in.at, each.id))
    return Failing(first.case_since_at, first.opened_after, first.opened_in)
