"""Who may report and who may read: tokens, by their digests."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from service import times
from service.auth import token_format as tokens
from service.errors import EnrolmentRefusedError, StorageUnavailableError, TokenNotFoundError
from service.report import Report
from service.store.engines import Connection, Database
from service.store.write.multi_row import insert_rows
from service.store.write.servers import ServerTable

_HOUR = 3_600_000_000  # microseconds

_BY_ID = "id:"  # as store/identity.py begins the identity of a machine


class Token(NamedTuple):
    """What is known of a token, beside its secret."""

    id: int
    digest: bytes
    scope: str
    name: str | None
    server: str | None  # the only one that it may report for; null for any
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None
    uses_left: int | None  # how many servers it may still enrol
    lifetime: int | None  # microseconds, of the tokens that are given for it

    def is_good(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def speaks_for(self, report: Report) -> bool:
        """Whether it may send a report that says this of its server."""
        if self.server is None:
            return True
        if self.server.startswith(_BY_ID):
            return report.id_maquina == self.server.removeprefix(_BY_ID)
        return ip_address(report.profile.ipaddress) in ip_network(self.server)


@dataclass(frozen=True, slots=True)
class NewToken:
    """The only moment at which the secret is known."""

    id: int
    secret: str
    expires_at: int | None


class TokenStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database = database
        self._queries = queries
        self._servers = ServerTable(queries)
        self._clock = clock
        self._closed = False

    def auth_disabled(self) -> bool:
        """Whether no token was ever made: then nobody is asked for one."""
        if not self._closed:  # no token is ever deleted, so this never changes back
            with self._database.snapshot() as connection:
                self._closed = bool(connection.execute(self._queries["any_token"]).fetchone()[0])
        return not self._closed

    def find(self, secret: str) -> Token | None:
        """The token with this secret, if it is good now; its use is noted."""
        if not tokens.is_well_formed(secret):
            return None
        digest, now = tokens.digest_of(secret), self._clock()
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["find_token"], {"digest": digest}).fetchone()
        if row is None:
            return None
        token = Token(*row)
        if not hmac.compare_digest(token.digest, digest) or not token.is_good(now):
            return None
        if token.used_at is None or now - token.used_at > _HOUR:
            with suppress(StorageUnavailableError):  # who reads may do so with a full disk, too
                self._write("use_token", id=token.id, now=now)
        return token

    def may_send(self, token: Token, report: Report) -> bool:
        """Whether the report is of a server that this token speaks for.

        A server with an id_maquina is known by that, wherever it says that it is. So who speaks
        for a network speaks for such a server only if that is where it was last.
        """
        if not token.speaks_for(report):
            return False
        if token.server is None or token.server.startswith(_BY_ID) or report.id_maquina is None:
            return True
        with self._database.snapshot() as connection:
            server = {"server": self._servers.find(connection, report)}
            row = connection.execute(self._queries["last_address"], server).fetchone()
        return row is None or ip_address(row[0]) in ip_network(token.server)

    def all(self) -> list[Token]:
        with self._database.snapshot() as connection:
            return [Token(*row) for row in connection.execute(self._queries["all_tokens"])]

    def add(  # noqa: PLR0913 — what a token is
        self,
        scope: str,
        *,
        name: str | None = None,
        server: str | None = None,
        expires_at: int | None = None,
        uses: int | None = None,
        lifetime: int | None = None,
    ) -> NewToken:
        row = {
            "scope": scope,
            "name": name,
            "server": server,
            "expires_at": expires_at,
            "uses_left": uses,
            "lifetime": lifetime,
            "enrolled_by": None,
        }
        with self._database.transaction() as connection:
            return self._add(connection, row)

    def copy_to(self, other: Database) -> int:
        """All tokens into a database that has none. Returns how many."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["whole_tokens"]).fetchall()
        with other.transaction() as connection:
            insert_rows(connection, self._queries["restore_token"], rows)
        return len(rows)

    def revoke(self, token_id: int) -> None:
        """Raises TokenNotFoundError for one that is not there, or was revoked before."""
        if self._write("revoke_token", id=token_id, now=self._clock()) is None:
            raise TokenNotFoundError(token_id)

    def enrol(self, by: Token, id_maquina: str, name: str | None) -> NewToken:
        """A token that speaks for this machine alone, given for an enrolment token.

        Raises EnrolmentRefusedError where the token is used up, or the machine has one already.
        """
        server = _BY_ID + id_maquina
        with self._database.transaction() as connection:
            used, unused = self._good_tokens(connection, server)
            if used:
                raise EnrolmentRefusedError(
                    f"the machine {id_maquina} has a token already: revoke that one first"
                )
            # A token that was never used is one whose answer was lost: it was counted then.
            self._revoke_all(connection, unused)
            if not unused:
                left = connection.execute(self._queries["count_enrolment"], {"id": by.id})
                if left.fetchone() is None:
                    raise EnrolmentRefusedError("this enrolment token has enrolled all that it may")
            return self._add(connection, self._given(by, server, name))

    def renew(self, token: Token, id_maquina: str) -> NewToken:
        """Another token like this one, which itself stays good for as long as it was.

        Raises EnrolmentRefusedError for one that does not speak for just this machine.
        """
        if token.server != _BY_ID + id_maquina:
            raise EnrolmentRefusedError("a machine can renew its own token only")
        with self._database.transaction() as connection:
            _, unused = self._good_tokens(connection, token.server)
            self._revoke_all(connection, [each for each in unused if each != token.id])
            return self._add(connection, self._given(token, token.server, token.name))

    def _good_tokens(self, connection: Connection, server: str) -> tuple[list[int], list[int]]:
        """Those that speak for this server alone: the used and the unused ones."""
        place = {"server": server, "now": self._clock()}
        rows = connection.execute(self._queries["valid_tokens_of_server"], place).fetchall()
        return (
            [number for number, used_at in rows if used_at is not None],
            [number for number, used_at in rows if used_at is None],
        )

    def _revoke_all(self, connection: Connection, numbers: list[int]) -> None:
        for number in numbers:
            place = {"id": number, "now": self._clock()}
            connection.execute(self._queries["revoke_token"], place)

    def _given(self, by: Token, server: str, name: str | None) -> dict[str, Any]:
        return {
            "scope": "ingest",
            "name": name,
            "server": server,
            "expires_at": None if by.lifetime is None else self._clock() + by.lifetime,
            "uses_left": None,
            "lifetime": by.lifetime,
            "enrolled_by": by.id,
        }

    def _add(self, connection: Connection, row: dict[str, Any]) -> NewToken:
        secret = tokens.make(row["scope"])
        row |= {"digest": tokens.digest_of(secret), "created_at": self._clock()}
        (token_id,) = connection.execute(self._queries["add_token"], row).fetchone()
        return NewToken(token_id, secret, row["expires_at"])

    def _write(self, query: str, **parameters: int) -> object:
        with self._database.transaction() as connection:
            return connection.execute(self._queries[query], parameters).fetchone()
