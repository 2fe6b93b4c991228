"""Stores access tokens by their digests, and checks them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from service import times
from service.auth import token_format
from service.auth.audit_entries import CLOSED, USED
from service.auth.audit_log import AuditLog
from service.errors import StorageUnavailableError, TokenNotFoundError
from service.report import Report
from service.store.engines import Database
from service.store.write.multi_row import insert_rows
from service.store.write.servers import ServerTable
from service.store.write.token_changes import NewToken, TokenChanges
from service.times import HOUR

MACHINE = "id:"  # the prefix of identity_of() for a report with an id_maquina


class Token(NamedTuple):
    """A token, without its secret."""

    id: int
    digest: bytes
    scope: str
    name: str | None
    server: str | None  # id:… or a network that it may report for; null for any
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None
    uses_left: int | None  # enrolments that are left
    lifetime: int | None  # microseconds, of the tokens that it issues
    enrolled_by: int | None  # the token that it was given for, by enrolment or renewal

    def is_valid(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def speaks_for(self, report: Report) -> bool:
        """Whether the token covers the server, by what the report says of it."""
        if self.server is None:
            return True
        if self.server.startswith(MACHINE):
            return report.id_maquina == self.server.removeprefix(MACHINE)
        return self.covers_address(report.profile.ipaddress)

    def covers_address(self, ipaddress: str) -> bool:
        """Whether an address is in the network of the token; true where it is bound to none."""
        if self.server is None or self.server.startswith(MACHINE):
            return True
        return ip_address(ipaddress) in ip_network(self.server)


class TokenStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database = database
        self._queries = queries
        self._servers = ServerTable(queries)
        self._changes = TokenChanges(database, queries, audit, clock)
        self._clock = clock
        self._any_token = False

    def auth_disabled(self) -> bool:
        """Whether no token was ever created: then none is required."""
        if not self._any_token:  # tokens are never deleted, so this never changes back
            with self._database.snapshot() as connection:
                (found,) = connection.execute(self._queries["any_token"]).fetchone()
                self._any_token = bool(found)
        return not self._any_token

    def find(self, secret: str) -> Token | None:
        """The token with this secret, if it is valid now; notes its use, to about an hour."""
        if not token_format.is_well_formed(secret):
            return None
        digest, now = token_format.digest_of(secret), self._clock()
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["find_token"], {"digest": digest}).fetchone()
        if row is None:
            return None
        token = Token(*row)
        if not hmac.compare_digest(token.digest, digest) or not token.is_valid(now):
            return None
        if token.used_at is None or now - token.used_at > HOUR:
            with suppress(StorageUnavailableError):  # a full disk must not stop reads
                self._note_use(token)
        return token

    def _note_use(self, token: Token) -> None:
        with self._changes.transaction(by=token.id) as change:
            place = {"id": token.id, "now": change.now}
            change.connection.execute(self._queries["use_token"], place)
            # Whether a machine has used its token decides about its next ones.
            if token.used_at is None and token.enrolled_by is not None:
                change.note(USED, token.id, token.digest)

    def is_still_valid(self, token: Token) -> bool:
        """Whether a token that was valid when its request began is valid now."""
        place = {"id": token.id, "now": self._clock()}
        with self._database.snapshot() as connection:
            return connection.execute(self._queries["still_valid"], place).fetchone() is not None

    def may_send(self, token: Token, report: Report) -> bool:
        """Whether the token covers what storing this report would change.

        A server with an id_maquina is known by that id, whatever address it reports. So a token for
        a network covers such a server only if its present address is in that network, too. A report
        that would become a new clone marks all servers with that id as clones: the token must cover
        them all.
        """
        if not token.speaks_for(report):
            return False
        if token.server is None or token.server.startswith(MACHINE) or report.id_maquina is None:
            return True
        with self._database.snapshot() as connection:
            affected = self._servers.affected_addresses(connection, report)
        return all(map(token.covers_address, affected))

    def all(self) -> list[Token]:
        with self._database.snapshot() as connection:
            return [Token(*row) for row in connection.execute(self._queries["all_tokens"])]

    def add(  # noqa: PLR0913 — the values of a token
        self,
        scope: str,
        *,
        name: str | None = None,
        server: str | None = None,
        expires_at: int | None = None,
        uses: int | None = None,
        lifetime: int | None = None,
        by: str | None = None,
    ) -> NewToken:
        """by: the user who makes it. Raises StorageUnavailableError."""
        with self._changes.transaction(by) as change:
            return change.add(
                scope,
                name=name,
                server=server,
                expires_at=expires_at,
                uses=uses,
                lifetime=lifetime,
            )

    def revoke(self, token_id: int, by: str | int | None = None) -> list[int]:
        """Revokes a token and all that derive from it. Returns the numbers of those reached.

        by: the user of the command line, or the number of the token of the request. Raises
        TokenNotFoundError if nothing is left to revoke, StorageUnavailableError.
        """
        with self._changes.transaction(by) as change:
            reached = change.revoke_derived(token_id)
            if not reached:
                raise TokenNotFoundError(token_id)
            return reached

    def close(self, token_id: int, by: str | None = None) -> None:
        """Ends the enrolments of an enrolment token; the tokens that it gave stay valid.

        Raises TokenNotFoundError if it is no enrolment token or revoked, StorageUnavailableError.
        """
        with self._changes.transaction(by) as change:
            row = change.connection.execute(
                self._queries["close_token"], {"id": token_id}
            ).fetchone()
            if row is None:
                raise TokenNotFoundError(token_id)
            change.note(CLOSED, token_id, row[0])

    def copy_to(self, other: Database) -> int:
        """Copies all tokens into another database, in place of its own. Returns how many."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["export_tokens"]).fetchall()
        with other.transaction() as connection:
            connection.execute(self._queries["remove_tokens"])
            insert_rows(connection, self._queries["import_token"], rows)
        return len(rows)
