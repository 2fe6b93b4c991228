"""Stores which texts of rules are in force, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Connection, Database
from service.store.past_openings import await_past, forget_past
from service.store.write.multi_row import select_rows


class NewText(NamedTuple):
    """A text of a rule that is in force now, and the words of its file that decide no verdict."""

    rule: str
    hash: str
    file_hash: str
    version: int
    source: str
    outside: str  # JSON
    is_shipped: bool
    command_lines: bool
    is_fleet: bool
    clock: str
    severity: str
    controls: str  # JSON
    owner: str


class NewFault(NamedTuple):
    """What is wrong with a file. digest: of its content, in hex."""

    path: str
    line: int | None
    reason: str
    digest: str


class StoredText(NamedTuple):
    """A text that is in force. missing_since: its file is gone; microseconds."""

    rule: str
    text_id: int
    hash: str
    source: str
    outside: str
    is_shipped: bool
    missing_since: int | None
    taken_up_at: int


class Taken(NamedTuple):
    """What one look at the folders changes. at: microseconds.

    new: texts that were not in force. words: texts in force whose files have other words.
    missing: rules whose files are gone, and since when. back: rules whose files are there again.
    """

    at: int
    new: Sequence[NewText] = ()
    words: Sequence[NewText] = ()
    missing: Mapping[str, int] = {}
    back: Sequence[str] = ()
    retired: Sequence[str] = ()
    faults: Sequence[NewFault] = ()


# By whether the rule is shipped: (id, version) to the hash of the file.
KnownFiles = Mapping[bool, Mapping[tuple[str, int], str]]


class RuleTextStore:
    """Raises StorageUnavailableError, in all methods."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def in_force(self) -> list[StoredText]:
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["texts_in_force"]).fetchall()
        return [StoredText(*row)._replace(is_shipped=bool(row[5])) for row in rows]

    def texts(self, numbers: Iterable[int]) -> list[StoredText]:
        """Texts by their numbers, whether they are in force or not."""
        keys = [(number,) for number in sorted(numbers)]
        with self._database.snapshot() as connection:
            rows = select_rows(connection, self._queries["rule_texts_by_number"], keys)
        return [StoredText(*row)._replace(is_shipped=bool(row[5])) for row in rows]

    def that_judge(
        self, connection: Connection, servers: Iterable[int]
    ) -> dict[int, frozenset[int]]:
        """The numbers of the texts by which these servers are judged, as they were judged last."""
        keys = [(server,) for server in sorted(servers)]
        found: dict[int, set[int]] = {server: set() for (server,) in keys}
        for server, number in select_rows(connection, self._queries["texts_that_judge"], keys):
            found[server].add(number)
        return {server: frozenset(numbers) for server, numbers in found.items()}

    def changed_at(self) -> int:
        """When a rule was taken up, retired or changed in another way last; 0 if none ever was."""
        with self._database.snapshot() as connection:
            (at,) = connection.execute(self._queries["rules_changed_at"]).fetchone()
        return int(at)

    def known_files(self) -> KnownFiles:
        """Which file each version of a rule was."""
        found: dict[bool, dict[tuple[str, int], str]] = {True: {}, False: {}}
        with self._database.snapshot() as connection:
            for rule, version, is_shipped, digest in connection.execute(
                self._queries["known_rule_files"]
            ):
                found[bool(is_shipped)].setdefault((rule, version), digest)
        return found

    def noted_faults(self) -> set[NewFault]:
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["noted_rule_faults"]).fetchall()
        return {NewFault(*row) for row in rows}

    def take_up(self, taken: Taken) -> dict[str, int]:
        """Stores all of it. The numbers of the new texts, by rule."""
        numbers: dict[str, int] = {}
        with self._database.transaction() as connection:
            for text in taken.new:
                is_known = self._number(connection, text) is not None
                numbers[text.rule] = number = self._intern(connection, text, taken.at)
                self._put(connection, text, number, taken.at)
                self._note(connection, text.rule, taken.at, "taken_up")
                if is_known:
                    forget_past(connection, self._queries, number)
                else:
                    await_past(connection, self._queries, number, taken.at)
            for text in taken.words:
                number = self._intern(connection, text, taken.at)
                self._put(connection, text, number, taken.at)
                self._note(connection, text.rule, taken.at, "words")
            self._mark(connection, taken)
            connection.execute(self._queries["clear_rule_faults"])
            for fault in taken.faults:
                connection.execute(self._queries["note_rule_fault"], fault._asdict())
        return numbers

    def _mark(self, connection: Connection, taken: Taken) -> None:
        """Files that are gone or back, and rules that are retired."""
        changes = [
            *(("missing", rule, since, None) for rule, since in taken.missing.items()),
            *(("back", rule, None, None) for rule in taken.back),
            *(("retired", rule, None, taken.at) for rule in taken.retired),
        ]
        for kind, rule, missing_since, retired_at in changes:
            connection.execute(
                self._queries["mark_rule"],
                {"rule": rule, "missing_since": missing_since, "retired_at": retired_at},
            )
            self._note(connection, rule, taken.at, kind)

    def _intern(self, connection: Connection, text: NewText, at: int) -> int:
        connection.execute(self._queries["add_rule_text"], text._asdict() | {"at": at})
        number = self._number(connection, text)
        assert number is not None  # noqa: S101 — it was added
        return number

    def _number(self, connection: Connection, text: NewText) -> int | None:
        key = {"rule": text.rule, "hash": text.hash}
        row = connection.execute(self._queries["find_rule_text"], key).fetchone()
        return None if row is None else int(row[0])

    def _put(self, connection: Connection, text: NewText, number: int, at: int) -> None:
        values = text._asdict() | {"text_id": number, "at": at}
        connection.execute(self._queries["put_rule_in_force"], values)

    def _note(self, connection: Connection, rule: str, at: int, kind: str) -> None:
        values = {"rule": rule, "at": at, "kind": kind}
        connection.execute(self._queries["note_rule_change"], values)
