"""Random histories of tokens: whatever is asked of the stores, no token gains anything."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.auth.audit_log import AuditLog
from service.auth.token_format import digest_of
from service.errors import EnrolmentRefusedError, TokenNotFoundError, UnauthorizedError
from service.maintenance.token_recovery import reconcile_tokens
from service.store.engines import Database, open_database
from service.store.tokens import Token
from service.store.write.token_changes import NewToken
from service.times import HOUR
from tests.support import engine
from tests.support.tokens import Tokens

MACHINES = ("m1", "m2")
KEYS = (None, digest_of("a key"), digest_of("another key"))
ENDS = st.sampled_from([None, 9 * HOUR])
PLACES = st.integers(0, 8)  # of a token among those made so far, from the newest one
STATE = """
SELECT digest, scope, name, server, created_at, expires_at, revoked_at IS NULL, uses_left, lifetime,
  request_digest, (SELECT digest FROM token AS parent WHERE parent.id = token.enrolled_by)
FROM token ORDER BY digest
"""

STEPS = st.one_of(
    st.tuples(st.just("inscripcion"), ENDS, st.sampled_from([None, 5 * HOUR])),
    st.tuples(st.just("ingest"), ENDS, st.sampled_from(MACHINES)),
    st.tuples(st.just("enrol"), PLACES, st.sampled_from(MACHINES), st.sampled_from(KEYS)),
    st.tuples(st.just("enrol"), PLACES, st.sampled_from(MACHINES), st.sampled_from(KEYS)),
    st.tuples(st.just("renew"), PLACES),
    st.tuples(st.just("renew"), PLACES),
    st.tuples(st.just("use"), PLACES),
    st.tuples(st.just("revoke"), PLACES),
    st.tuples(st.just("close"), PLACES),
    st.tuples(st.just("wait"), st.sampled_from([HOUR, 4 * HOUR])),
    st.tuples(st.just("lose")),
)  # fmt: skip


class History:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[Database] = []
        self.audit = AuditLog(folder / "audit.jsonl")
        self.tokens = Tokens(self._new_database(), self.audit)
        self.made: list[NewToken] = []
        self.revoked: set[bytes] = set()  # by an operator

    def close(self) -> None:
        for database in self._opened:
            database.close()

    def take(self, step: tuple[object, ...]) -> None:
        kind, *facts = step
        with suppress(EnrolmentRefusedError, TokenNotFoundError, UnauthorizedError):
            getattr(self, f"_{kind}")(*facts)

    def _inscripcion(self, ends: int | None, lifetime: int | None) -> None:
        end = None if ends is None else self.tokens.now + ends
        store = self.tokens.store
        self.made.append(store.add("inscripcion", uses=2, expires_at=end, lifetime=lifetime))

    def _ingest(self, ends: int | None, machine: str) -> None:
        end = None if ends is None else self.tokens.now + ends
        store = self.tokens.store
        self.made.append(store.add("ingest", server=f"id:{machine}", expires_at=end))

    def _enrol(self, place: int, machine: str, key: bytes | None) -> None:
        by = self._shown(place)
        if by is None or by.scope != "inscripcion":
            return
        before = {each.id: each for each in self._valid(machine)}
        made = self.tokens.enrolment.enrol(by, machine, None, key)
        self.made.append(made)
        # It took nothing over: neither a token in use, nor one of another holder.
        for token in before.values():
            assert token.used_at is None
            assert token.enrolled_by is not None
            asked_with = self._key_of(token)
            assert asked_with == key if asked_with else token.enrolled_by == by.id

    def _renew(self, place: int) -> None:
        by = self._shown(place)
        if by is None or by.server is None:
            return
        machine = by.server.removeprefix("id:")
        before = self._valid(machine)
        self.made.append(self.tokens.enrolment.renew(by, machine))
        after = {each.id for each in self._valid(machine)}
        assert by.id in after
        for token in before:  # what an operator made, and the tokens of other agents, stay
            if token.id not in after:
                assert token.enrolled_by is not None or token.id in self._ancestors(by)
                assert token.used_at is None or token.id in self._ancestors(by)

    def _use(self, place: int) -> None:
        self._shown(place)

    def _revoke(self, place: int) -> None:
        number = self.made[-1 - place % len(self.made)].id
        self.tokens.store.revoke(number)
        ids = {each.id: each for each in self.tokens.store.all()}
        self.revoked.add(ids[number].digest)

    def _close(self, place: int) -> None:
        self.tokens.store.close(self.made[-1 - place % len(self.made)].id)

    def _wait(self, time: int) -> None:
        self.tokens.now += time

    def _lose(self) -> None:
        """The database is lost, and restored from the audit log."""
        before, now = self._state(), self.tokens.now
        self.tokens = Tokens(self._new_database(), self.audit)
        self.tokens.now = now
        reconcile_tokens(self.tokens.database, self.audit)
        assert self._state() == before

    def check(self) -> None:
        tokens = {each.id: each for each in self.tokens.store.all()}
        for token in tokens.values():
            parent = tokens.get(token.enrolled_by or 0)
            if parent is None:
                continue
            if parent.lifetime is None and parent.expires_at is not None:
                assert token.expires_at is not None
                assert token.expires_at <= parent.expires_at
            if token.is_valid(self.tokens.now):
                assert not {tokens[each].digest for each in self._ancestors(token)} & self.revoked
        for machine in MACHINES:
            families = Counter(self._first(each, tokens) for each in self._valid(machine))
            assert all(number <= 2 for number in families.values())

    def _first(self, token: Token, tokens: Mapping[int, Token]) -> int:
        """The token of the machine from which this one was renewed, directly or through others."""
        while token.enrolled_by and tokens[token.enrolled_by].server == token.server:
            token = tokens[token.enrolled_by]
        return token.id

    def _shown(self, place: int) -> Token | None:
        """A request shows a token, which is a use of it."""
        return self.tokens.store.find(self.made[-1 - place % len(self.made)].secret)

    def _valid(self, machine: str) -> list[Token]:
        own = [each for each in self.tokens.store.all() if each.server == f"id:{machine}"]
        return [each for each in own if each.is_valid(self.tokens.now)]

    def _ancestors(self, token: Token) -> set[int]:
        tokens = {each.id: each for each in self.tokens.store.all()}
        found = set()
        while token.enrolled_by is not None:
            token = tokens[token.enrolled_by]
            found.add(token.id)
        return found

    def _key_of(self, token: Token) -> bytes | None:
        query = "SELECT request_digest FROM token WHERE id = ?"
        ((key,),) = engine.rows(self._path, query, (token.id,))
        return key  # type: ignore[no-any-return]

    @property
    def _path(self) -> Path:
        return self._folder / f"{len(self._opened)}.db"

    def _state(self) -> engine.Rows:
        return engine.rows(self._path, STATE)

    def _new_database(self) -> Database:
        database = open_database(self._folder / f"{len(self._opened) + 1}.db")
        self._opened.append(database)
        database.migrate()
        return database


@pytest.mark.torture
@pytest.mark.timeout(400)  # it takes 20 s of processor time, and waits for the disk
@settings(
    max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
def test_no_token_gains_anything_in_any_history(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(History(Path(folder))) as history:
        history.take(("inscripcion", None, None))
        for step in steps:
            history.take(step)
            history.check()
