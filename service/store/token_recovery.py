"""Restores tokens from entries of the audit log, and describes the stored ones as entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.auth.audit_entries import CLOSED, REVOKED, USED, TokenChanged, TokenEntry, TokenMade
from service.store.engines import Connection, Database


class Recovered(NamedTuple):
    """How many tokens were restored, and how many were revoked again."""

    made: int
    revoked: int


class TokenRecovery:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def apply(self, entries: Sequence[TokenEntry]) -> Recovered:
        """Makes the database agree with entries, given in their order; may be repeated.

        A token is known by its digest. It keeps its number where no other token has it. Raises
        StorageUnavailableError.
        """
        if not entries:
            return Recovered(0, 0)
        with self._database.transaction() as connection:
            stored = connection.execute(self._queries["recorded_tokens"]).fetchall()
            replay = _Replay(connection, self._queries, [TokenMade(*row[:-2]) for row in stored])
            # The number of a token that is not restored is not given to another one.
            replay.highest = max([0, *replay.created, *(each.number for each in entries)])
            for entry in entries:
                replay.apply(entry)
        return Recovered(replay.made, replay.revoked)

    def entries(self) -> list[tuple[TokenMade, list[TokenChanged]]]:
        """Each stored token as entries: what it is, and what happened to it."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["recorded_tokens"]).fetchall()
        found = []
        for *facts, used_at, revoked_at in rows:
            made = TokenMade(*facts)
            changes = []
            if used_at is not None and made.parent is not None:
                changes.append(TokenChanged(USED, made.number, made.digest, used_at))
            if revoked_at is not None:
                changes.append(TokenChanged(REVOKED, made.number, made.digest, revoked_at))
            found.append((made, changes))
        return found


class _Replay:
    """Applies entries one by one."""

    def __init__(
        self, connection: Connection, queries: Mapping[str, str], stored: Sequence[TokenMade]
    ) -> None:
        self._connection = connection
        self._queries = queries
        self._ids = {token.digest: token.number for token in stored}
        self.created = {token.number: token.created_at for token in stored}
        self.highest = 0
        self.made = 0
        self.revoked = 0

    def apply(self, entry: TokenEntry) -> None:
        if isinstance(entry, TokenMade):
            if entry.digest not in self._ids:
                self._make(entry)
            return
        token_id = self._ids.get(entry.digest) if entry.digest else self._by_number(entry)
        if token_id is None:
            return
        if entry.event == REVOKED:
            row = self._run("restore_revocation", id=token_id, at=entry.at)
            self.revoked += row is not None
        elif entry.event == USED:
            self._run("restore_use", id=token_id, at=entry.at)
        elif entry.event == CLOSED:
            self._run("restore_close", id=token_id)

    def _by_number(self, entry: TokenChanged) -> int | None:
        """The token of an entry by 0.1.0; one of this number that was made later is another."""
        created_at = self.created.get(entry.number)
        return None if created_at is None or created_at > entry.at else entry.number

    def _make(self, entry: TokenMade) -> None:
        parent = None if entry.parent_digest is None else self._ids.get(entry.parent_digest)
        token_id = entry.number
        # A parent has a lower number than what derives from it.
        if token_id in self.created or token_id < (parent or 1):
            token_id = self.highest = self.highest + 1
        self.created[token_id] = entry.created_at
        self._ids[entry.digest] = token_id
        self._run(
            "restore_token",
            id=token_id,
            digest=entry.digest,
            scope=entry.scope,
            name=entry.name,
            server=entry.server,
            created_at=entry.created_at,
            expires_at=entry.expires_at,
            uses_left=entry.uses,
            lifetime=entry.lifetime,
            enrolled_by=parent,
            request_digest=entry.request_digest,
        )
        self.made += 1
        if parent is not None and entry.counted:
            self._run("restore_count", id=parent)

    def _run(self, query: str, **parameters: object) -> object:
        result = self._connection.execute(self._queries[query], parameters)
        return result.fetchone() if query == "restore_revocation" else None
