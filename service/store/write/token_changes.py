"""Changes tokens. Each change is in the audit log before it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from service import times
from service.auth import token_format
from service.auth.audit_entries import REVOKED, TokenChanged, TokenEntry, TokenMade
from service.auth.audit_log import AuditLog
from service.errors import StorageUnavailableError
from service.store.engines import Connection, Database


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just created; its secret is stored nowhere."""

    id: int
    secret: str
    expires_at: int | None


class TokenChanges:
    """Transactions on tokens, which fail where the audit log cannot be written."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database = database
        self._queries = queries
        self._audit = audit
        self._clock = clock

    @contextmanager
    def transaction(self, by: str | int | None) -> Iterator[TokenTransaction]:
        """by: who makes the change, as in AuditLog.record(). Raises StorageUnavailableError."""
        recorded: list[TokenEntry] = []
        try:
            with self._database.transaction() as connection:
                change = TokenTransaction(connection, self._queries, self._clock())
                yield change
                if change.entries:
                    # Within the transaction: the numbers are known, and no other change comes
                    # between the entries and the rows.
                    self._audit.record(change.entries, by)
                    recorded = change.entries
        except BaseException:
            self._withdraw(recorded, by)
            raise

    def _withdraw(self, recorded: list[TokenEntry], by: str | int | None) -> None:
        """Nobody has the secrets of these tokens, and the database does not have them either."""
        made = [
            TokenChanged(REVOKED, entry.number, entry.digest, self._clock(), "it was not stored")
            for entry in recorded
            if isinstance(entry, TokenMade)
        ]
        if made:
            with suppress(StorageUnavailableError):
                self._audit.record(made, by)


class TokenTransaction:
    """Changes within one transaction. The numbers of tokens are their ids."""

    def __init__(self, connection: Connection, queries: Mapping[str, str], now: int) -> None:
        self.connection = connection
        self.now = now
        self.entries: list[TokenEntry] = []
        self._queries = queries

    def add(  # noqa: PLR0913 — the values of a token
        self,
        scope: str,
        *,
        name: str | None = None,
        server: str | None = None,
        expires_at: int | None = None,
        uses: int | None = None,
        lifetime: int | None = None,
        parent: tuple[int, bytes] | None = None,
        request_digest: bytes | None = None,
        counted: bool = False,
    ) -> NewToken:
        """parent: the id and the digest of the token that it is given for."""
        secret = token_format.make(scope)
        parent_id, parent_digest = (None, None) if parent is None else parent
        row = {
            "digest": token_format.digest_of(secret),
            "scope": scope,
            "name": name,
            "server": server,
            "created_at": self.now,
            "expires_at": expires_at,
            "uses_left": uses,
            "lifetime": lifetime,
            "enrolled_by": parent_id,
            "request_digest": request_digest,
        }
        (token_id,) = self.connection.execute(self._queries["add_token"], row).fetchone()
        self.entries.append(
            TokenMade(
                number=token_id,
                digest=token_format.digest_of(secret),
                scope=scope,
                created_at=self.now,
                name=name,
                server=server,
                expires_at=expires_at,
                uses=uses,
                lifetime=lifetime,
                parent=parent_id,
                parent_digest=parent_digest,
                request_digest=request_digest,
                counted=counted,
            )
        )
        return NewToken(token_id, secret, expires_at)

    def revoke(self, token_id: int, reason: str | None = None) -> None:
        """Revokes this token alone, if it is not revoked yet."""
        place = {"id": token_id, "now": self.now}
        row = self.connection.execute(self._queries["revoke_token"], place).fetchone()
        if row is not None:
            self.entries.append(TokenChanged(REVOKED, token_id, row[0], self.now, reason))

    def revoke_derived(self, token_id: int) -> list[int]:
        """Revokes a token and all that derive from it. Returns which were not revoked before."""
        rows = self.connection.execute(self._queries["derived_tokens"], {"id": token_id})
        reached = [number for (number,) in rows.fetchall()]
        for number in reached:
            self.revoke(number, None if number == token_id else f"with token {token_id}")
        return reached

    def note(self, event: str, token_id: int, digest: bytes) -> None:
        """event: USED or CLOSED"""
        self.entries.append(TokenChanged(event, token_id, digest, self.now))
