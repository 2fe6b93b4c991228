"""Enrolment and renewal: a token gives a machine a token of its own.

A derived token ends no later than the one that it was given for, unless that one was made with a
lifetime for it. Renewals leave a machine at most two valid tokens: the one in use, and the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from service import times
from service.auth.audit_log import AuditLog
from service.errors import EnrolmentRefusedError, UnauthorizedError
from service.store.engines import Connection, Database
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
    uses_left: int | None


class _Enrolment(NamedTuple):
    """What an enrolment does, as decided on one state of the database."""

    issuer: _Issuer
    lost: list[int]  # tokens of the machine whose answers were lost
    counted: bool


class _Renewal(NamedTuple):
    issuer: _Issuer
    replaced: list[int]


class EnrolmentStore:
    """Each request is decided on a snapshot first, so that a refusal takes no turn of a writer."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database = database
        self._queries = queries
        self._changes = TokenChanges(database, queries, audit, clock)
        self._clock = clock

    def enrol(
        self, by: Token, id_maquina: str, name: str | None, request_digest: bytes | None = None
    ) -> NewToken:
        """Issues a token for this machine alone, in exchange for an enrolment token.

        request_digest: of a key that the machine sends again if the answer was lost

        Raises EnrolmentRefusedError if the enrolment token is used up, or the machine has a token;
        UnauthorizedError if the enrolment token became invalid meanwhile.
        """
        server = MACHINE + id_maquina
        with self._database.snapshot() as connection:
            _Decision(connection, self._queries, self._clock()).enrol(by, server, request_digest)
        with self._changes.transaction(by.id) as change:
            decision = _Decision(change.connection, self._queries, change.now)
            issuer, lost, counted = decision.enrol(by, server, request_digest)
            if counted:
                change.connection.execute(self._queries["take_use"], {"id": issuer.id})
            for number in lost:
                change.revoke(number, "the machine was enrolled again before it used it")
            return _issue(change, issuer, server, name, request_digest, counted=counted)

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
        with self._database.snapshot() as connection:
            _Decision(connection, self._queries, self._clock()).renew(token, server)
        with self._changes.transaction(token.id) as change:
            decision = _Decision(change.connection, self._queries, change.now)
            issuer, replaced = decision.renew(token, server)
            made = _issue(change, issuer, server, issuer.name)
            for number in replaced:
                change.revoke(number, f"replaced by token {made.id}")
            return made


class _Decision:
    """Decides on what a request may do, by one state of the database. Writes nothing."""

    def __init__(self, connection: Connection, queries: Mapping[str, str], now: int) -> None:
        self._connection = connection
        self._queries = queries
        self._now = now

    def enrol(self, by: Token, server: str, request_digest: bytes | None) -> _Enrolment:
        """Raises EnrolmentRefusedError, UnauthorizedError."""
        issuer = self._issuer(by)
        lost = self._lost_tokens(issuer, server, request_digest)
        # An answer that was lost is counted once, if the same machine is known to ask again.
        counted = not any(
            each.request_digest is not None and each.enrolled_by == by.id for each in lost
        )
        if counted and not issuer.uses_left:
            raise EnrolmentRefusedError("this enrolment token has no uses left")
        self._require_moderate(server)
        return _Enrolment(issuer, [each.id for each in lost], counted)

    def renew(self, token: Token, server: str) -> _Renewal:
        """Raises EnrolmentRefusedError, UnauthorizedError."""
        issuer = self._issuer(token)
        self._require_moderate(server)
        rows = self._rows("renewals", id=token.id, server=server, now=self._now)
        if any(is_used and not is_ancestor for _, is_used, is_ancestor in rows):
            raise EnrolmentRefusedError("a renewal of this token is in use: renew that one")
        return _Renewal(issuer, [number for number, _, _ in rows])

    def _issuer(self, token: Token) -> _Issuer:
        """Reads the token again: it may have been revoked since the request showed it."""
        rows = self._rows("issuing_token", id=token.id, now=self._now)
        if not rows:
            raise UnauthorizedError
        return _Issuer(token.id, *rows[0])

    def _lost_tokens(
        self, issuer: _Issuer, server: str, request_digest: bytes | None
    ) -> list[_MachineToken]:
        """The valid tokens of the machine, if their answers were lost.

        Raises EnrolmentRefusedError if one of them is in use, or may be another machine's: an
        enrolment token must not take over a machine.
        """
        rows = self._rows("tokens_of_machine", server=server, now=self._now)
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

    def _require_moderate(self, server: str) -> None:
        """Bounds what a machine adds to the list of tokens. Raises EnrolmentRefusedError."""
        ((number,),) = self._rows("tokens_made_since", server=server, since=self._now - HOUR)
        if number >= _MOST_AN_HOUR:
            raise EnrolmentRefusedError(
                f"this machine was given {number} tokens within an hour: try again later"
            )

    def _rows(self, query: str, **parameters: object) -> list[Any]:
        return self._connection.execute(self._queries[query], parameters).fetchall()


def _issue(  # noqa: PLR0913 — the values of a token
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
