"""The rows of a period: a rule on a server, and for how long each verdict held."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.store.engines import MAX_INTEGER, Connection
from service.store.read.bounds import bounds_of
from service.store.read.moments import ended_after
from service.store.read.stretches import Stretch, TextStretch, stretches, without
from service.store.tag_format import WantedTag
from service.store.verdict_rows import Bound

RULE_BITS = 20  # of a cursor, for the number of a rule

_RETIRED = ("no_aplica", "retirado")
_OPEN = ("falla", "desconocido")  # verdicts under which a violation goes on


@dataclass(frozen=True, slots=True)
class PeriodFilter:
    """What a period is about; a null criterion selects all.

    since, until: null for where verdicts begin, and for how far all is judged. known_at: as it was
    known then. severity, framework: as the rule had them at the end of the period; so is the tag.
    """

    since: int | None = None
    until: int | None = None
    known_at: int | None = None
    rule: str | None = None
    server_id: int | None = None
    severity: str | None = None
    framework: str | None = None
    tag: WantedTag | None = None


class DeafSpan(NamedTuple):
    """The service could hear nobody. until: null while it goes on."""

    since: int
    until: int | None


class PeriodRule(NamedTuple):
    """severity, controls: those of the end of the period. number: its place in lists."""

    rule: str
    number: int
    is_fleet: bool
    severity: str
    controls: Mapping[str, Sequence[str]]


class PeriodServer(NamedTuple):
    """is_closed: a report after the period was judged, so no rule about a server changes in it.

    is_closed_for_fleet: the same of rules about the fleet.
    """

    id: int
    ip_server: str
    nombre_host: str | None
    is_closed: bool
    is_closed_for_fleet: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a period of which all is judged, and what it is about.

    begins_at: the first verdict of all; null if there is none. deaf: when the service could hear
    nobody. rules: by text.
    """

    criteria: PeriodFilter
    since: int
    until: int
    begins_at: int | None
    rules: Mapping[int, PeriodRule]
    deaf: Sequence[DeafSpan]

    @property
    def length(self) -> int:
        """In microseconds."""
        return max(self.until - self.since, 0)

    @property
    def deaf_time(self) -> int:
        """For how long of it the service could hear nobody."""
        return sum(
            min(self.until, self.until if span.until is None else span.until)
            - max(self.since, span.since)
            for span in self.deaf
        )

    def parameters(self) -> dict[str, Any]:
        known_at = self.criteria.known_at
        return {
            "since": self.since,
            "until": self.until,
            "known_at": known_at,
            "rule": self.criteria.rule,
            "ended_after": ended_after(self.since, known_at),
        }


class Failing(NamedTuple):
    """What is open at the end of a period: the first of it.

    case_since_at: when the first of a chain of violations opened that were not repaired.
    """

    case_since_at: int
    opened_after: Bound | None
    opened_in: Bound


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A rule on a server in a period. Times are microseconds.

    times: by state and reason. judged_from: the first verdict in the period. last: the verdict at
    its end; null if the rule did not judge the server then. failing: what is open at its end, also
    where the verdict is unknown. violations: how many went on in it, those included that late
    reports alone show. late_sights: late reports that show what was open.
    """

    server: PeriodServer
    rule: PeriodRule
    times: Mapping[tuple[str, str | None], int]
    judged_from: int
    last: Stretch | None
    failing: Failing | None
    violations: int
    late: int
    late_sights: int

    def time(self, state: str) -> int:
        return sum(time for (found, _), time in self.times.items() if found == state)

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


def rows_of(server: PeriodServer, known: Known, found: Found) -> Iterator[PeriodRow]:
    """The rows of a server, by the numbers of their rules."""
    texts: defaultdict[str, list[TextStretch]] = defaultdict(list)
    rules: dict[str, PeriodRule] = {}
    for text in found.texts.get(server.id, ()):
        rule = known.rules.get(text.text_id)
        if rule is not None:
            rules[rule.rule] = rule
            texts[rule.rule].append(text)
    spans = found.spans.get(server.id, {})
    failing = found.failing.get(server.id, {})
    of_rule = _by_rule(known, found.violations.get(server.id, ()))
    open_at_end = _by_rule(known, found.open.get(server.id, ()))
    for rule in sorted(rules.values(), key=lambda each: each.number):
        verdicts = stretches(texts[rule.rule], spans, failing, known.since, known.until)
        times: Counter[tuple[str, str | None]] = Counter()
        for since, until, state, reason in verdicts:
            times[state, reason] += until - since
        if not times or times.keys() == {_RETIRED}:
            continue
        last = verdicts[-1] if verdicts[-1].until == known.until else None
        violations, still = of_rule.get(rule.rule, []), open_at_end.get(rule.rule)
        yield PeriodRow(
            server,
            rule,
            times,
            verdicts[0].since,
            last,
            _first_of(still) if still and last is not None and last.state in _OPEN else None,
            len(violations),
            sum(violation.is_late for violation in violations),
            found.late_sights.get((server.id, rule.rule), 0),
        )


def _by_rule(known: Known, violations: Sequence[_Violation]) -> dict[str, list[_Violation]]:
    found: dict[str, list[_Violation]] = {}
    for violation in violations:
        rule = known.rules.get(violation.text_id)
        if rule is not None:
            found.setdefault(rule.rule, []).append(violation)
    return found


def _first_of(violations: Sequence[_Violation]) -> Failing:
    first = min(violations, key=lambda each: (each.opened_in.at, each.id))
    return Failing(first.case_since_at, first.opened_after, first.opened_in)


def end_of(moment: int | None) -> int:
    """The end of what goes on is that of time."""
    return MAX_INTEGER if moment is None else moment
