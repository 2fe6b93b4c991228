"""Enrolment and renewal: a token gives a machine a token of its own.

A derived token ends no later than the one that it was given for, unless that one was made with a
lifetime for it. Renewals leave a machine at most two valid tokens: the one in use, and the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from service import times
from service.auth.audit_log import AuditLog
from service.errors import EnrolmentRefusedError, UnauthorizedError
from service.store.engines import Database
from service.store.tokens import MACHINE, Token
from service.store.write.token_changes import NewToken, TokenChanges, TokenTransaction
from service.times import HOUR

_MOST_AN_HOUR = 60  # tokens that a machine is given; no agent needs nearly as many


class _MachineToken(NamedTuple):
    id: int
    is_used: bool
    enrolled_by: int | None
    request_digest: bytes | None


class _Issuer(NamedTuple):
    """The present state of the token that a request shows."""

    id: int
    digest: bytes
    name: str | None
    expires_at: int | None
    lifetime: int | None


class EnrolmentStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._queries = queries
        self._changes = TokenChanges(database, queries, audit, clock)

    def enrol(
        self, by: Token, id_maquina: str, name: str | None, request_digest: bytes | None = None
    ) -> NewToken:
        """Issues a token for this machine alone, in exchange for an enrolment token.

        request_digest: of a key that the machine sends again if the answer was lost

        Raises EnrolmentRefusedError if the enrolment token is used up, or the machine has a token;
        UnauthorizedError if the enrolment token became invalid meanwhile.
        """
        server = MACHINE + id_maquina
        with self._changes.transaction(by.id) as change:
            issuer = self._issuer(change, by.id)
            lost = self._lost_tokens(change, issuer, server, request_digest)
            # An answer that was lost is counted once, if the same machine is known to ask again.
            counted = not any(
                each.request_digest is not None and each.enrolled_by == by.id for each in lost
            )
            if counted:
                left = change.connection.execute(self._queries["take_use"], {"id": by.id})
                if left.fetchone() is None:
                    raise EnrolmentRefusedError("this enrolment token has no uses left")
            self._require_moderate(change, server)
            for each in lost:
                change.revoke(each.id, "the machine was enrolled again before it used it")
            return self._issue(change, issuer, server, name, request_digest, counted=counted)

    def renew(self, token: Token, id_maquina: str) -> NewToken:
        """Issues another token like this one, which stays valid as long as before.

        Tokens that this one was renewed from are revoked, and those that it was renewed into and
        that were never used: their answers were lost. Raises EnrolmentRefusedError if the token is
        not for this machine alone, or one that it was renewed into is in use; UnauthorizedError if
        it became invalid meanwhile.
        """
        server = MACHINE + id_maquina
        if token.server != server:
            raise EnrolmentRefusedError("a machine can renew its own token only")
        with self._changes.transaction(token.id) as change:
            issuer = self._issuer(change, token.id)
            place = {"id": token.id, "server": server, "now": change.now}
            rows = change.connection.execute(self._queries["renewals"], place).fetchall()
            if any(is_used and not is_ancestor for _, is_used, is_ancestor in rows):
                raise EnrolmentRefusedError("a renewal of this token is in use: renew that one")
            self._require_moderate(change, server)
            made = self._issue(change, issuer, server, issuer.name)
            for number, _, _ in rows:
                change.revoke(number, f"replaced by token {made.id}")
            return made

    def _issuer(self, change: TokenTransaction, token_id: int) -> _Issuer:
        """Reads the token again: it may have been revoked since the request showed it."""
        place = {"id": token_id, "now": change.now}
        row = change.connection.execute(self._queries["issuing_token"], place).fetchone()
        if row is None:
            raise UnauthorizedError
        return _Issuer(token_id, *row)

    def _lost_tokens(
        self, change: TokenTransaction, issuer: _Issuer, server: str, request_digest: bytes | None
    ) -> list[_MachineToken]:
        """The valid tokens of the machine, if their answers were lost.

        Raises EnrolmentRefusedError if one of them is in use, or may be another machine's: an
        enrolment token must not take over a machine.
        """
        place = {"server": server, "now": change.now}
        rows = change.connection.execute(self._queries["tokens_of_machine"], place).fetchall()
        tokens = [_MachineToken(*row) for row in rows]
        for token in tokens:
            if token.request_digest is None:  # an agent of 0.1.0, which sends no key
                is_lost = token.enrolled_by == issuer.id
            else:
                is_lost = token.request_digest == request_digest
            if token.is_used or not is_lost:
                raise EnrolmentRefusedError(
                    f"the machine {server.removeprefix(MACHINE)} has a token already: revoke that"
                    f" one first (number {token.id})"
                )
        return tokens

    def _require_moderate(self, change: TokenTransaction, server: str) -> None:
        """Bounds what a machine adds to the list of tokens. Raises EnrolmentRefusedError."""
        place = {"server": server, "since": change.now - HOUR}
        query = self._queries["tokens_derived_since"]
        (number,) = change.connection.execute(query, place).fetchone()
        if number >= _MOST_AN_HOUR:
            raise EnrolmentRefusedError(
                f"this machine was given {number} tokens within an hour: try again later"
            )

    def _issue(  # noqa: PLR0913 — the values of a token
        self,
        change: TokenTransaction,
        issuer: _Issuer,
        server: str,
        name: str | None,
        request_digest: bytes | None = None,
        *,
        counted: bool = False,
    ) -> NewToken:
        lifetime = issuer.lifetime
        return change.add(
            "ingest",
            name=name,
            server=server,
            expires_at=issuer.expires_at if lifetime is None else change.now + lifetime,
            lifetime=lifetime,
            parent=(issuer.id, issuer.digest),
            request_digest=request_digest,
            counted=counted,
        )
