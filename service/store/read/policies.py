"""Rules: those in force, and what they say of each server, now or at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from service import times
from service.errors import PolicyNotFoundError
from service.store.engines import Connection, Database
from service.store.read.due import DueReader
from service.store.read.moments import Moment, moment_of_verdicts
from service.store.read.progress import Progress, ProgressReader
from service.store.read.rule_counts import CountReader, Counts
from service.store.read.silence import DEFAULT_SILENCE, Silence
from service.store.read.tags import TagReader, tagged_at
from service.store.read.verdict_at import VerdictFilter, VerdictRow, first_of_each
from service.store.read.violations import open_counts
from service.store.read.waivers import Waiver, WaiverReader
from service.store.tag_format import WantedTag

BATCH = 1000  # verdicts of a list that is read whole


class PolicyRow(NamedTuple):
    """A rule that is or was in force.

    text_hash: of all that decides its verdicts. source: its file as it is now. text_source: the
    file of the text that judges, whose words may be older. outside: what decides beside it,
    as JSON.
    """

    rule: str
    text_hash: str
    version: int
    severity: str
    owner: str
    is_fleet: bool
    is_shipped: bool
    command_lines: bool
    taken_up_at: int
    missing_since: int | None
    retired_at: int | None
    source: str
    text_source: str
    outside: str


class PolicyFault(NamedTuple):
    """What the last look at the folders of rules refused."""

    path: str
    line: int | None
    reason: str


class PolicyText(NamedTuple):
    """A text that a rule had."""

    text_hash: str
    version: int
    first_seen_at: int


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """Some servers' verdicts of one rule; `after` is the cursor of the next page, or null."""

    verdicts: list[VerdictRow]
    after: int | None


@dataclass(frozen=True, slots=True)
class ServerCompliance:
    """verdicts: by rule. open_violations: by rule. judged_since: when each rule's first did."""

    policies: list[PolicyRow]
    verdicts: dict[str, VerdictRow]
    open_violations: dict[str, int]
    judged_since: dict[str, int]


class PolicyStore:
    """evaluator, alive: the files by which an evaluator and the service tell that they run."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        queries: Mapping[str, str],
        evaluator: Path | None = None,
        clock: Callable[[], int] = times.now,
        silence: Silence = DEFAULT_SILENCE,
        alive: Path | None = None,
    ) -> None:
        self._database = database
        self._queries = queries
        self._waivers = WaiverReader(queries)
        self._counts = CountReader(queries, clock)
        self._clock = clock
        due = DueReader(queries, silence, alive)
        self._progress = ProgressReader(queries, evaluator, clock, due)

    def policies(
        self, moment: Moment | None, tag: WantedTag | None = None
    ) -> tuple[list[PolicyRow], dict[str, Counts]]:
        """Every rule, and its counts at a moment, of servers with a tag; all of one snapshot."""
        with self._database.snapshot() as connection:
            rows = self._policies(connection, moment)
            return rows, self._counts.of(connection, moment, [row.rule for row in rows], tag=tag)

    def policy(
        self, rule: str, moment: Moment | None, tag: WantedTag | None = None
    ) -> tuple[PolicyRow, Counts]:
        """Raises PolicyNotFoundError."""
        with self._database.snapshot() as connection:
            found = next(
                (row for row in self._policies(connection, moment) if row.rule == rule), None
            )
            if found is None:
                raise PolicyNotFoundError(rule)
            return found, self._counts.of(connection, moment, [rule], rule, tag)[rule]

    def tag_values(self) -> dict[str, frozenset[str]]:
        """The values that each tag has on some server now."""
        with self._database.snapshot() as connection:
            return TagReader(self._queries).values(connection)

    def rows(self) -> list[PolicyRow]:
        """Every rule that is or was in force."""
        with self._database.snapshot() as connection:
            return self._policies(connection)

    def texts(self, rule: str) -> list[PolicyText]:
        """The texts that a rule had, the newest first."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["policy_texts"], {"rule": rule})
            return [PolicyText(*row) for row in rows]

    def text(self, rule: str, text_hash: str) -> tuple[str, str]:
        """The file of a text, and what decided beside it, as JSON.

        Raises PolicyNotFoundError.
        """
        place = {"rule": rule, "hash": text_hash}
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["policy_text_of"], place).fetchone()
        if row is None:
            raise PolicyNotFoundError(rule)
        return row[0], row[1]

    def faults(self) -> list[PolicyFault]:
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["policy_faults"])
            return [PolicyFault(*row) for row in rows]

    def verdicts(self, asked: VerdictFilter, after: int, limit: int) -> VerdictPage:
        """What a rule says of the servers after `after`."""
        parameters = moment_of_verdicts(asked.moment) | tagged_at(asked.tag, asked.moment)
        with self._database.snapshot() as connection:
            rows = connection.execute(
                self._queries["verdicts_of_rule"],
                {"rule": asked.rule, "after": after, **parameters},
            )
            found = (
                verdict
                for verdict in first_of_each(rows, asked.moment)
                if asked.state in {None, verdict.state}
            )
            waived = self._waived(connection, asked.moment, asked.rule)
            verdicts = [_marked(verdict, waived) for verdict in islice(found, limit + 1)]
        shown = verdicts[:limit]
        return VerdictPage(shown, shown[-1].server_id if len(verdicts) > limit else None)

    def all_verdicts(self, asked: VerdictFilter, after: int) -> Iterator[list[VerdictRow]]:
        """All of them, in batches, each of a snapshot of its own."""
        position: int | None = after
        while position is not None:
            page = self.verdicts(asked, position, BATCH)
            yield page.verdicts
            position = page.after

    def of_server(self, server_id: int, moment: Moment | None) -> ServerCompliance:
        """What each rule says of a server."""
        place = {"server_id": server_id}
        with self._database.snapshot() as connection:
            rows = connection.execute(
                self._queries["verdicts_of_server"], place | moment_of_verdicts(moment)
            )
            waived = self._waived(connection, moment, None, server_id)
            verdicts = {
                verdict.rule: _marked(verdict, waived) for verdict in first_of_each(rows, moment)
            }
            since = connection.execute(self._queries["first_judgements"], place).fetchall()
            return ServerCompliance(
                self._policies(connection, moment),
                verdicts,
                {
                    rule: count
                    for rule, server, count in open_counts(connection, self._queries, moment)
                    if server == server_id
                },
                dict(since),
            )

    def progress(self) -> Progress:
        """How far all servers are judged."""
        with self._database.snapshot() as connection:
            return self._progress.of_all(connection)

    def progress_of(self, server_id: int) -> Progress:
        """How far a server is judged."""
        with self._database.snapshot() as connection:
            return self._progress.of_server(connection, server_id)

    def settled(self) -> tuple[Progress, Moment]:
        """How far servers are judged, and the newest whole second of which all is judged.

        A number of that moment and the list that it leads to agree, whenever each is asked for.
        Servers that are slow hold nothing back: of them this may still change, and it is said.
        """
        now, word = self._clock(), self._progress.word()  # before the snapshot
        with self._database.snapshot() as connection:
            return self._progress.settled(connection, now, word)

    def open_violations(self, moment: Moment | None) -> int:
        """How many violations of all rules went on at a moment."""
        with self._database.snapshot() as connection:
            return sum(count for *_, count in open_counts(connection, self._queries, moment))

    def _policies(self, connection: Connection, moment: Moment | None = None) -> list[PolicyRow]:
        """With the texts and severities of the moment, as far as they were in force then."""
        rows = [
            PolicyRow(*row[:5], *map(bool, row[5:8]), *row[8:])
            for row in connection.execute(self._queries["policies"])
        ]
        if moment is None:
            return rows
        at = moment.at if moment.known_at is None else min(moment.at, moment.known_at)
        found = connection.execute(self._queries["policies_then"], {"at": at})
        then = {row[0]: row[1:] for row in found}
        return [_as_of(row, then[row.rule]) if row.rule in then else row for row in rows]

    def _waived(
        self,
        connection: Connection,
        moment: Moment | None,
        rule: str | None,
        server_id: int | None = None,
    ) -> dict[tuple[str, int], Waiver]:
        return self._waivers.waived(connection, moment, self._clock(), rule, server_id)


def _as_of(policy: PolicyRow, then: Sequence[Any]) -> PolicyRow:
    """A rule that was changed since. then: of the query policies_then, without the rule."""
    text_hash, version, severity, *flags, taken_up_at, missing_since, retired_at, source = then
    is_same = text_hash == policy.text_hash
    is_fleet, is_shipped, command_lines = map(bool, flags)
    return policy._replace(
        text_hash=text_hash,
        version=version,
        severity=severity,
        is_fleet=is_fleet,
        is_shipped=is_shipped,
        command_lines=command_lines,
        taken_up_at=taken_up_at or policy.taken_up_at,
        missing_since=missing_since,
        retired_at=retired_at,
        source=policy.source if is_same else source,
        text_source=source,
        outside=policy.outside if is_same else "{}",
    )


def _marked(verdict: VerdictRow, waived: Mapping[tuple[str, int], Waiver]) -> VerdictRow:
    if verdict.state != "falla":
        return verdict
    return verdict._replace(waiver=waived.get((verdict.rule, verdict.server_id)))
