"""Stores access tokens by their digests, and checks them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from service import times
from service.auth import token_format
from service.errors import EnrolmentRefusedError, StorageUnavailableError, TokenNotFoundError
from service.report import Report
from service.store.engines import Connection, Database
from service.store.write.multi_row import insert_rows
from service.store.write.servers import ServerTable
from service.times import HOUR

_BY_ID = "id:"  # the prefix of identity_of() for a report with an id_maquina


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

    def is_valid(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def speaks_for(self, report: Report) -> bool:
        """Whether the token covers the server, by what the report says of it."""
        if self.server is None:
            return True
        if self.server.startswith(_BY_ID):
            return report.id_maquina == self.server.removeprefix(_BY_ID)
        return ip_address(report.profile.ipaddress) in ip_network(self.server)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just created; its secret is stored nowhere."""

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
                self._write(self._queries["use_token"], id=token.id, now=now)
        return token

    def may_send(self, token: Token, report: Report) -> bool:
        """Whether the token covers the server of this report.

        A server with an id_maquina is known by that id, whatever address it reports. So a token for
        a network covers such a server only if its last address is in that network, too.
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

    def add(  # noqa: PLR0913 — the values of a token
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
        """Copies all tokens into a database that has none. Returns how many."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["export_tokens"]).fetchall()
        with other.transaction() as connection:
            insert_rows(connection, self._queries["import_token"], rows)
        return len(rows)

    def revoke(self, token_id: int) -> None:
        """Raises TokenNotFoundError if there is no such token, or it was revoked before."""
        query = self._queries["revoke_token"]
        if self._write(query, id=token_id, now=self._clock()) is None:
            raise TokenNotFoundError(token_id)

    def enrol(self, by: Token, id_maquina: str, name: str | None) -> NewToken:
        """Issues a token for this machine alone, in exchange for an enrolment token.

        Raises EnrolmentRefusedError if the enrolment token is used up, or the machine has a token.
        """
        server = _BY_ID + id_maquina
        with self._database.transaction() as connection:
            used, unused = self._valid_tokens(connection, server)
            if used:
                raise EnrolmentRefusedError(
                    f"the machine {id_maquina} has a token already: revoke that one first"
                )
            # The answer with an unused token was lost. Its enrolment was counted then.
            self._revoke_all(connection, unused)
            if not unused:
                left = connection.execute(self._queries["count_enrolment"], {"id": by.id})
                if left.fetchone() is None:
                    raise EnrolmentRefusedError("this enrolment token has no uses left")
            return self._add(connection, self._issued(by, server, name))

    def renew(self, token: Token, id_maquina: str) -> NewToken:
        """Issues another token like this one, which stays valid as long as before.

        Raises EnrolmentRefusedError if the token is not for this machine alone.
        """
        if token.server != _BY_ID + id_maquina:
            raise EnrolmentRefusedError("a machine can renew its own token only")
        with self._database.transaction() as connection:
            _, unused = self._valid_tokens(connection, token.server)
            self._revoke_all(connection, [each for each in unused if each != token.id])
            return self._add(connection, self._issued(token, token.server, token.name))

    def _valid_tokens(self, connection: Connection, server: str) -> tuple[list[int], list[int]]:
        """The valid tokens for this server alone: the used ones, and the unused ones."""
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

    def _issued(self, by: Token, server: str, name: str | None) -> dict[str, Any]:
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
        secret = token_format.make(row["scope"])
        row |= {"digest": token_format.digest_of(secret), "created_at": self._clock()}
        (token_id,) = connection.execute(self._queries["add_token"], row).fetchone()
        return NewToken(token_id, secret, row["expires_at"])

    def _write(self, query: str, **parameters: int) -> object:
        with self._database.transaction() as connection:
            return connection.execute(query, parameters).fetchone()
