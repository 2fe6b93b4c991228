"""Tokens of release 0.1.0 after an upgrade: none is lost, and none keeps what it gained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service import times
from service.auth import token_format
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import EnrolmentRefusedError
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database
from service.store.write.token_changes import NewToken
from service.times import HOUR
from tests.support import engine
from tests.support.release_0_1_0 import manifest, secret, unpack
from tests.support.tokens import Tokens

NOW = times.now()
END = NOW + 9 * HOUR


class Old:
    """The data folder of 0.1.0, to which a test adds tokens before the upgrade."""

    def __init__(self, data: Path, database_at: Callable[[Path], Database]) -> None:
        self.path = data / "compliance.db"
        self._data = data
        self._database_at = database_at

    def add(
        self,
        scope: str,
        server: str | None = None,
        *,
        parent: NewToken | None = None,
        ends: int | None = None,
        used: bool = True,
        revoked: bool = False,
        uses: int | None = None,
    ) -> NewToken:
        made = token_format.make(scope)
        engine.execute(
            self.path,
            "INSERT INTO token (digest, scope, server, created_at, expires_at, revoked_at, used_at,"
            " uses_left, enrolled_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                token_format.digest_of(made),
                scope,
                server,
                NOW - HOUR,
                ends,
                NOW if revoked else None,
                NOW if used else None,
                uses,
                None if parent is None else parent.id,
            ),
        )
        ((number,),) = engine.rows(self.path, "SELECT max(id) FROM token")
        return NewToken(number, made, ends)

    def upgraded(self) -> Tokens:
        prepare_data_folder(Config(data=self._data))
        tokens = Tokens(self._database_at(self.path), AuditLog(self._data / "audit.jsonl"))
        tokens.now = NOW
        return tokens


@pytest.fixture
def old(tmp_path: Path, database_at: Callable[[Path], Database]) -> Old:
    unpack(tmp_path / "var")
    return Old(tmp_path / "var", database_at)


def test_every_token_that_was_valid_is_valid(old: Old) -> None:
    query = "SELECT * FROM token WHERE revoked_at IS NULL ORDER BY id"
    before = engine.rows(old.path, query)
    tokens = old.upgraded()
    assert [row[:-1] for row in engine.rows(old.path, query)] == before
    valid = {each.id for each in tokens.store.all() if each.is_valid(NOW)}
    for name, token in manifest()["tokens"].items():
        found = tokens.store.find(secret(name))
        assert (found is not None) == (token["number"] in valid), name


def test_renewals_of_a_token_with_an_end_get_that_end(old: Old) -> None:
    made = old.add("ingest", "id:m1", ends=END)
    renewed = old.add("ingest", "id:m1", parent=made)
    again = old.add("ingest", "id:m1", parent=renewed)
    for_ever = old.add("ingest", "id:m2")
    tokens = old.upgraded()
    assert [tokens.good(each).expires_at for each in (made, renewed, again)] == [END] * 3
    assert tokens.good(for_ever).expires_at is None
    tokens.now = END
    assert tokens.store.find(again.secret) is None


def test_servers_that_were_enrolled_for_ever_stay_so(old: Old) -> None:
    by = old.add("inscripcion", ends=END, uses=5)
    machine = old.add("ingest", "id:m1", parent=by)
    tokens = old.upgraded()
    tokens.now = END + HOUR
    assert tokens.enrolment.renew(tokens.good(machine), "m1").expires_at is None


def test_servers_go_on_whose_enrolment_token_was_revoked_and_can_still_be_reached(
    old: Old,
) -> None:
    """0.1.0 had no other way to end a roll-out."""
    by = old.add("inscripcion", uses=5, revoked=True)
    machine = old.add("ingest", "id:m1", parent=by)
    tokens = old.upgraded()
    assert tokens.good(machine).enrolled_by == by.id
    assert tokens.store.revoke(by.id) == [machine.id]


def test_sisters_of_a_token_are_reached_and_trimmed(old: Old) -> None:
    machine = old.add("ingest", "id:m1", parent=old.add("inscripcion", uses=5))
    sisters = [old.add("ingest", "id:m1", parent=machine, used=False) for _ in range(200)]
    tokens = old.upgraded()
    thief = tokens.good(sisters[100])  # one in use is not replaced: which is the machine's?
    with pytest.raises(EnrolmentRefusedError, match="is in use"):
        tokens.enrolment.renew(tokens.good(machine), "m1")
    assert tokens.store.revoke(thief.id) == [thief.id]
    made = tokens.enrolment.renew(tokens.good(machine), "m1")
    valid = [each.id for each in tokens.store.all() if each.is_valid(tokens.now)]
    assert [each for each in valid if each >= machine.id] == [machine.id, made.id]
    assert len(tokens.store.revoke(machine.id)) == 2
