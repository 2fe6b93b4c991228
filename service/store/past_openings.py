"""Stores what the records from before a text was taken up say of what it found open then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Connection, Database
from service.store.write.multi_row import select_rows
from service.times import DAY

PAST = 30 * DAY  # before a text was taken up


class DuePast(NamedTuple):
    """A text whose servers' older records are to be judged. Times: microseconds.

    servers_done: the greatest number of a server that is judged. attempts: processes that ended at
    the next ones.
    """

    text_id: int
    since_at: int
    until_at: int
    servers_done: int
    attempts: int


class NewOpening(NamedTuple):
    """What was open when the text was taken up. after_at: null if the first record showed it."""

    server_id: int
    text_id: int
    kind: str
    key: str
    after_at: int | None
    opened_at: int


class PastOpening(NamedTuple):
    """Between which places in time it opened, by the records. Nobody was told of it.

    is_estimate: a rule about the fleet, which was judged once an hour.
    """

    after_at: int | None
    opened_at: int
    is_estimate: bool


class PolicyPast(NamedTuple):
    """ended_as: done, superseded, failed; null while it goes on."""

    since_at: int
    until_at: int
    ended_as: str | None


class PastOpeningStore:
    """Raises StorageUnavailableError, in all methods."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def due(self, settled_at: int) -> list[DuePast]:
        """Texts to judge by, in their order. settled_at: all that arrived until then is stored."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["due_policy_pasts"], {"settled_at": settled_at})
            return [DuePast(*row) for row in rows]

    def begin(self, texts: Iterable[int]) -> None:
        with self._database.transaction() as connection:
            for text_id in texts:
                connection.execute(self._queries["begin_policy_past"], {"text_id": text_id})

    def note(self, texts: Iterable[int], server_id: int, openings: Sequence[NewOpening]) -> None:
        """Stores what was found on servers up to this one."""
        with self._database.transaction() as connection:
            self._add(connection, openings)
            for text_id in texts:
                values = {"text_id": text_id, "server_id": server_id}
                connection.execute(self._queries["note_policy_past"], values)

    def end(
        self, texts: Iterable[int], ended_as: str, at: int, openings: Sequence[NewOpening] = ()
    ) -> None:
        with self._database.transaction() as connection:
            self._add(connection, openings)
            for text_id in texts:
                values = {"text_id": text_id, "ended_as": ended_as, "at": at}
                connection.execute(self._queries["end_policy_past"], values)

    def of_rule(self, rule: str) -> PolicyPast | None:
        """Of the text in force; null where there were no records before."""
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["policy_past_of_rule"], {"rule": rule})
            found = row.fetchone()
        return None if found is None else PolicyPast(*found)

    def first(
        self, rule: str | None = None, server_id: int | None = None
    ) -> dict[tuple[int, str], PastOpening]:
        """The first of what is open now, by server and rule; of one rule or of one server."""
        found: dict[tuple[int, str], PastOpening] = {}
        values = {"rule": rule, "server_id": server_id}
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["first_past_openings"], values)
            for server, name, *opening in rows:
                found.setdefault((server, name), _opening(opening))
        return found

    def _add(self, connection: Connection, openings: Iterable[NewOpening]) -> None:
        for opening in openings:
            connection.execute(self._queries["add_past_opening"], opening._asdict())


def await_past(connection: Connection, queries: Mapping[str, str], text_id: int, at: int) -> None:
    """Lets the records from before a new text be judged; in the transaction that takes it up."""
    values = {"text_id": text_id, "since_at": at - PAST, "until_at": at}
    connection.execute(queries["await_policy_past"], values)


def forget_past(connection: Connection, queries: Mapping[str, str], text_id: int) -> None:
    """Of a text that comes back: what it found open before may have been told then."""
    for query in ("clear_past_openings", "clear_policy_past"):
        connection.execute(queries[query], {"text_id": text_id})


def of_violations(
    connection: Connection, queries: Mapping[str, str], numbers: Sequence[int]
) -> dict[int, PastOpening]:
    """By violation, of those before which there was no verdict."""
    query, keys = queries["past_openings_of_violations"], [(number,) for number in numbers]
    return {number: _opening(row) for number, *row in select_rows(connection, query, keys)}


def _opening(row: Sequence[object]) -> PastOpening:
    opening = PastOpening(*row)  # type: ignore[arg-type]
    return opening._replace(is_estimate=bool(opening.is_estimate))
